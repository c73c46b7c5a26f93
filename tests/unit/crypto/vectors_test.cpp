#include "vector_check/unit.h"

TEST_CASE("the primitives give the answers of other implementations") {
  vector_check::check_vectors("hkdf_aes.json", vector_check::run_primitives);
}

TEST_CASE("signatures of other implementations are accepted or refused as they should be") {
  vector_check::check_vectors("xeddsa.json", vector_check::run_xeddsa);
}
