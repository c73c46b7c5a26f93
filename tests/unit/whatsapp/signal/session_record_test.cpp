#include "whatsapp/signal/session_record.h"

#include <doctest/doctest.h>

#include "proto/signal.pb.h"
#include "unit/whatsapp/signal/known_keys.h"
#include "unit/whatsapp/signal/test_device.h"

using namespace whatsapp::signal;
using base::Bytes;

namespace {

SessionState state_named(const std::string& name) {
  SessionState state;
  state.base_key = known::pair(name).public_key;
  state.local_identity = known::pair("us").public_key;
  state.remote_identity = known::pair("them").public_key;
  state.sender = SenderChain{known::pair("ratchet of " + name), {}};
  state.pending = PendingPreKey{1, 2, state.base_key};
  return state;
}

crypto::PublicKey base_of(const std::string& name) { return known::pair(name).public_key; }

whatsapp::proto::SessionStructure current_of(const SessionRecord& record) {
  whatsapp::proto::SessionRecordStructure outer;
  const Bytes bytes = record.serialize();
  REQUIRE(outer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  whatsapp::proto::SessionStructure current;
  REQUIRE(current.ParseFromString(outer.current_session()));
  return current;
}

bool parses(const whatsapp::proto::SessionStructure& current) {
  whatsapp::proto::SessionRecordStructure outer;
  outer.set_current_session(current.SerializeAsString());
  return SessionRecord::parse(base::as_bytes(outer.SerializeAsString())).has_value();
}

}  // namespace

TEST_CASE("an empty record is no session, stored or not") {
  const SessionRecord none;
  CHECK(none.empty());
  CHECK(SessionRecord::parse(none.serialize())->empty());
  CHECK(!none.base_key());
  CHECK(none.remote_registration_id() == 0);
}

TEST_CASE("a state with everything in it is stored and read again") {
  SessionState state = state_named("full");
  state.previous_counter = 0xFFFFFFFF;
  state.remote_registration_id = 5;
  state.local_registration_id = 6;
  ReceiverChain open{base_of("r1"), 17, base::Secret<32>{base_of("key")}, {}};
  open.skipped.add(3, base::Secret<32>{base_of("seed")});
  ReceiverChain closed{base_of("r2"), 4, std::nullopt, {}};
  state.receivers = {open, closed};
  const SessionRecord record{state, {}};
  const auto read = SessionRecord::parse(record.serialize());
  REQUIRE(read.has_value());
  CHECK(read->serialize() == record.serialize());
  const SessionState& current = *read->current();
  CHECK(current.previous_counter == 0xFFFFFFFF);
  CHECK(current.receivers.at(0).skipped.find(3) != nullptr);
  CHECK(current.receivers.at(0).index == 17);
  CHECK(!current.receivers.at(1).key);
  CHECK(current.pending->pre_key_id == 1);
  CHECK(current.pending->signed_pre_key_id == 2);
  CHECK(current.remote_registration_id == 5);
}

TEST_CASE("a state without a sender chain is kept, but nothing can be encrypted with it") {
  SessionState state = state_named("reader");
  state.sender.reset();
  SessionRecord record = *SessionRecord::parse(SessionRecord{state, {}}.serialize());
  CHECK(!record.can_encrypt(std::nullopt));
  CHECK(encrypt(record, {}).error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("a record is corrupt when a key of its current state is out of form") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  REQUIRE(bob.receive_text(alice.send("x")) == "x");
  const auto good = current_of(bob.record);
  REQUIRE(parses(good));
  int refused = 0;
  const auto refuse = [&](auto edit) {
    auto bad = good;
    edit(bad);
    CHECK(!parses(bad));
    ++refused;
  };
  refuse([](auto& s) { s.clear_session_version(); });
  refuse([](auto& s) { s.set_session_version(2); });
  refuse([](auto& s) { s.mutable_root_key()->pop_back(); });
  refuse([](auto& s) { s.clear_root_key(); });
  refuse([](auto& s) { (*s.mutable_local_identity())[0] = 0; });
  refuse([](auto& s) { s.mutable_remote_identity()->push_back('x'); });
  refuse([](auto& s) { s.clear_alice_base_key(); });
  refuse([](auto& s) { s.mutable_sender_chain()->clear_ratchet_private_key(); });
  refuse([](auto& s) { s.mutable_sender_chain()->mutable_chain_key()->clear_key(); });
  refuse([](auto& s) { s.mutable_receiver_chains(0)->clear_ratchet_key(); });
  refuse([](auto& s) { s.mutable_receiver_chains(0)->mutable_chain_key()->set_key("short"); });
  refuse([](auto& s) { s.mutable_receiver_chains(0)->set_skipped("x"); });
  refuse([](auto& s) { s.mutable_pending_pre_key()->set_pre_key_id(1); });
  refuse([](auto& s) {
    while (s.receiver_chains_size() <= static_cast<int>(kMaxReceiverChains))
      *s.add_receiver_chains() = s.receiver_chains(0);
  });
  CHECK(refused == 14);
  CHECK(SessionRecord::parse(base::as_bytes("\x0a\x7f")).error().code == base::ErrorCode::kCorrupt);
}

TEST_CASE("an archived state that is unreadable costs only itself") {
  SessionRecord record{state_named("current"), {state_named("old")}};
  whatsapp::proto::SessionRecordStructure outer;
  const Bytes bytes = record.serialize();
  REQUIRE(outer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  outer.set_previous_sessions(0, "garbage");
  const auto read = SessionRecord::parse(base::as_bytes(outer.SerializeAsString()));
  REQUIRE(read.has_value());
  CHECK(read->base_key() == base_of("current"));
  CHECK(!read->archived(0));
}

TEST_CASE("installing archives what was current, without its announcement, and forgets the 41st") {
  SessionRecord record;
  for (int i = 0; i < 45; ++i) record.install(state_named(std::to_string(i)));
  CHECK(record.archived_count() == 40);
  CHECK(record.base_key() == base_of("44"));
  CHECK(record.current()->pending.has_value());
  CHECK(record.archived(0)->base_key == base_of("43"));
  CHECK(!record.archived(0)->pending);
  CHECK(record.archived(39)->base_key == base_of("4"));
}

TEST_CASE("promoting takes a state out of the archive and puts the current one there") {
  SessionRecord record{state_named("a"), {state_named("b"), state_named("c")}};
  record.promote(1, *record.archived(1));
  CHECK(record.base_key() == base_of("c"));
  CHECK(record.archived_count() == 2);
  CHECK(record.archived(0)->base_key == base_of("a"));
  CHECK(record.archived(1)->base_key == base_of("b"));
}

TEST_CASE("the sessions of the phone number go behind those of the LID, each once") {
  SessionRecord lid{state_named("lid"), {state_named("lid old"), state_named("shared")}};
  const SessionRecord pn{state_named("pn"), {state_named("shared"), state_named("pn old")}};
  lid.absorb(pn);
  CHECK(lid.base_key() == base_of("lid"));
  REQUIRE(lid.archived_count() == 4);
  CHECK(lid.archived(2)->base_key == base_of("pn"));
  CHECK(lid.archived(3)->base_key == base_of("pn old"));
  const Bytes once = lid.serialize();
  lid.absorb(pn);
  CHECK(lid.serialize() == once);
}

TEST_CASE("without a session under the LID, that of the phone number goes on as it is") {
  SessionRecord lid;
  const SessionRecord pn{state_named("pn"), {state_named("pn old")}};
  lid.absorb(pn);
  CHECK(lid.serialize() == pn.serialize());
}

TEST_CASE("after the migration messages of either session are read") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  REQUIRE(bob.receive_text(alice.send("by number")) == "by number");
  const auto late = alice.send("late by number");
  const SessionRecord by_number = bob.record;
  alice.record = {};
  bob.record = {};
  alice.start(bob.bundle());
  REQUIRE(bob.receive_text(alice.send("by lid")) == "by lid");
  bob.record.absorb(by_number);
  CHECK(bob.receive_text(late) == "late by number");
  CHECK(bob.receive_text(alice.send("by lid again")) == "by lid again");
}

TEST_CASE("the archive does not grow beyond its limit when sessions are merged") {
  SessionRecord lid;
  for (int i = 0; i < 38; ++i) lid.install(state_named("l" + std::to_string(i)));
  SessionRecord pn;
  for (int i = 0; i < 30; ++i) pn.install(state_named("p" + std::to_string(i)));
  lid.absorb(pn);
  CHECK(lid.archived_count() == kMaxArchivedStates);
  CHECK(lid.base_key() == base_of("l37"));
}
