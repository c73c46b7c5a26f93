#include "vector_check/unit.h"

TEST_CASE("stanzas of other implementations are read and written as they read and write them") {
  vector_check::check_vectors("binary_nodes.json", vector_check::run_binary_nodes);
}

TEST_CASE("addresses mean what other implementations take them for, where our rules agree") {
  vector_check::check_vectors("jid.json", vector_check::run_jid);
}
