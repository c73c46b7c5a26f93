#include "vector_check/unit.h"

TEST_CASE("files, sidecars and retries of other implementations come out byte for byte, damaged ones not") {
  vector_check::check_vectors("media.json", vector_check::run_media);
}

TEST_CASE("history chunks are read as other implementations read them, malformed ones are refused") {
  vector_check::check_vectors("history_sync.json", vector_check::run_history_sync);
}
