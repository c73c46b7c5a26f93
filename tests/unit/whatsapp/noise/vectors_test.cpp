#include "vector_check/unit.h"

TEST_CASE("whole handshakes of other implementations are replayed byte for byte, bad servers are refused") {
  vector_check::check_vectors("noise.json", vector_check::run_noise);
}
