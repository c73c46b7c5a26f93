#include "whatsapp/message/phash.h"

#include <doctest/doctest.h>

#include <vector>

#include "vector_check/unit.h"

using whatsapp::binary::Jid;
using whatsapp::binary::Server;
using whatsapp::message::participant_hash;

TEST_CASE("participant hashes of other implementations come out the same") {
  vector_check::check_vectors("phash.json", vector_check::run_phash);
}

TEST_CASE("the known hashes of phone numbers and of LIDs") {
  const std::vector<Jid> numbers{{"15550001111", Server::kUser, 0},
                                 {"15550001111", Server::kUser, 3},
                                 {"15550002222", Server::kUser, 0}};
  CHECK(participant_hash(numbers) == "2:M90nX1cT");
  const std::vector<Jid> lids{{"100000000000001", Server::kLid, 0},
                              {"100000000000001", Server::kLid, 12},
                              {"100000000000001", Server::kLid, 2},
                              {"200000000000002", Server::kLid, 0}};
  CHECK(participant_hash(lids) == "2:fMnjggna");
}

TEST_CASE("order and repetition do not matter, nor does the old name of the server") {
  const std::vector<Jid> devices{{"15550002222", Server::kUser, 0},
                                 {"15550001111", Server::kLegacyUser, 3},
                                 {"15550001111", Server::kUser, 0},
                                 {"15550001111", Server::kUser, 3}};
  CHECK(participant_hash(devices) == "2:M90nX1cT");
}
