#include "whatsapp/signal/sender_key_record.h"

#include <doctest/doctest.h>

#include "proto/signal.pb.h"
#include "unit/whatsapp/signal/known_keys.h"

using namespace whatsapp::signal;
using base::Bytes;

namespace {

SenderKeyState foreign_state(std::uint32_t id, std::uint32_t iteration) {
  SenderKeyState state;
  state.id = id;
  state.chain = {iteration, base::Secret<32>{known::pair("chain " + std::to_string(iteration)).public_key}};
  state.signing_key = known::pair("signing " + std::to_string(id)).public_key;
  return state;
}

SenderKeyState own_state(std::uint32_t id, std::uint32_t iteration) {
  SenderKeyState state = foreign_state(id, iteration);
  state.signing_private = known::pair("signing " + std::to_string(id)).private_key;
  return state;
}

void skip(SenderKeyState& state, std::uint32_t iteration) {
  state.skipped.add(iteration, base::Secret<32>{known::pair("seed").public_key});
}

}  // namespace

TEST_CASE("a record is stored and read again") {
  SenderKeyState state = own_state(7, 9);
  state.start_iteration = 4;
  skip(state, 5);
  const SenderKeyRecord record{{state, foreign_state(8, 0)}};
  const auto read = SenderKeyRecord::parse(record.serialize());
  REQUIRE(read.has_value());
  CHECK(read->serialize() == record.serialize());
  CHECK(read->own()->id == 7);
  CHECK(read->own()->start_iteration == 4);
  CHECK(read->find(8)->chain.index == 0);
  CHECK(read->find(9) == nullptr);
  CHECK(SenderKeyRecord::parse({})->empty());
}

TEST_CASE("a record with a key out of form is corrupt") {
  const SenderKeyRecord record{{own_state(7, 9)}};
  whatsapp::proto::SenderKeyRecordStructure good;
  const Bytes bytes = record.serialize();
  REQUIRE(good.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  const auto refuse = [&](auto edit) {
    auto bad = good;
    edit(*bad.mutable_states(0));
    CHECK(!SenderKeyRecord::parse(base::as_bytes(bad.SerializeAsString())));
  };
  refuse([](auto& s) { s.clear_chain_key(); });
  refuse([](auto& s) { s.mutable_signing_key()->pop_back(); });
  refuse([](auto& s) { s.set_signing_private("short"); });
  refuse([](auto& s) { s.set_skipped("short"); });
  CHECK(!SenderKeyRecord::parse(base::as_bytes("\xff")));
}

TEST_CASE("of two records of one sender no readable message is lost") {
  SenderKeyState ahead = foreign_state(1, 10);
  skip(ahead, 2);
  skip(ahead, 8);
  SenderKeyState behind = foreign_state(1, 6);
  skip(behind, 3);
  SenderKeyRecord lid{{ahead}};
  lid.absorb(SenderKeyRecord{{behind, foreign_state(2, 0)}});
  REQUIRE(lid.states().size() == 2);
  const SenderKeyState& merged = lid.states()[0];
  CHECK(merged.chain.index == 6);
  CHECK(merged.chain.key == behind.chain.key);
  CHECK(merged.skipped.find(2) != nullptr);
  CHECK(merged.skipped.find(3) != nullptr);
  CHECK(merged.skipped.find(8) == nullptr);  // the chain itself reaches it
  CHECK(lid.states()[1].id == 2);
}

TEST_CASE("of two records of our own key the one that has sent more goes on") {
  SenderKeyRecord lid{{own_state(1, 5)}};
  lid.absorb(SenderKeyRecord{{own_state(1, 9)}});
  CHECK(lid.own()->chain.index == 9);
  lid.absorb(SenderKeyRecord{{own_state(1, 3)}});
  CHECK(lid.own()->chain.index == 9);
}

TEST_CASE("the same id under another signing key is not mixed in, and five keys are enough") {
  SenderKeyState other = foreign_state(1, 3);
  other.signing_key = known::pair("other").public_key;
  SenderKeyRecord lid{{foreign_state(1, 5)}};
  lid.absorb(SenderKeyRecord{{other}});
  CHECK(lid.states().size() == 1);
  CHECK(lid.states()[0].chain.index == 5);
  std::vector<SenderKeyState> many;
  for (std::uint32_t id = 10; id < 18; ++id) many.push_back(foreign_state(id, 0));
  lid.absorb(SenderKeyRecord{many});
  CHECK(lid.states().size() == kMaxSenderKeyStates);
}
