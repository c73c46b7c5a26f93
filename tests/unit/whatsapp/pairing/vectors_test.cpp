#include "vector_check/unit.h"

TEST_CASE("what another implementation links, we link, and what it must refuse, we refuse") {
  vector_check::check_vectors("adv_pairing.json", vector_check::run_adv_pairing);
}

TEST_CASE("linking by code comes out byte for byte on both sides") {
  vector_check::check_vectors("pairing_code.json", vector_check::run_pairing_code);
}
