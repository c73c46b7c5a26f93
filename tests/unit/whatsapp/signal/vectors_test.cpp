#include "vector_check/unit.h"

TEST_CASE("conversations of another implementation are replayed byte for byte") {
  vector_check::check_vectors("x3dh_ratchet.json", vector_check::run_x3dh_ratchet);
}

TEST_CASE("group conversations of another implementation are replayed") {
  vector_check::check_vectors("sender_key.json", vector_check::run_sender_key);
}
