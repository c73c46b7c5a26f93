#include "importers/baileys_session.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "importers/baileys_json.h"
#include "whatsapp/signal/session_cipher.h"

using namespace importers;
using namespace whatsapp::signal;

namespace {

// A session of Baileys' own making, with what the other side sent next.
constexpr const char* kKnown =
    R"({"_sessions":{"BZl4Ct27w+iyUD9MNY71JVxWeWYZWENEADsvSc1hF5Nq":{"registrationId":4321,"currentRatchet":{"ephemeralKeyPair":{"pubKey":"BTnxgUMBACkC2zZDyZsY999kS/YH1aX3DGZlUaySsHh8","privKey":"YD3qXgtCYDg4vb8TS/wrSieAjQeAGoLblrCOmphKA2w="},"lastRemoteEphemeralKey":"BSq+2EBXNO/hvRyzpsJ5xLlBPzlXwQqdTqlufCdrVn9y","previousCounter":0,"rootKey":"w1qTIWejL7z32YAInwHCPZnbiN+1e7aVepwAgk8BqOc="},"indexInfo":{"baseKey":"BZl4Ct27w+iyUD9MNY71JVxWeWYZWENEADsvSc1hF5Nq","baseKeyType":1,"closed":-1,"used":1795216744450,"created":1795216744424,"remoteIdentityKey":"BZQITCLT5Tdy85+vciMVVlOwkWNA6WtK7F3HKvrYU9NA"},"_chains":{"BSq+2EBXNO/hvRyzpsJ5xLlBPzlXwQqdTqlufCdrVn9y":{"chainKey":{"counter":2,"key":"ttAk84kH4hCZnLSqsHJ0C27+WyO/Imklblj8EgxgzVQ="},"chainType":2,"messageKeys":{"1":"hWFWfQpAMs3EjjcKWDeNoP4SV8hN+wgHUl9AO77O1Ho="}},"BTnxgUMBACkC2zZDyZsY999kS/YH1aX3DGZlUaySsHh8":{"chainKey":{"counter":-1,"key":"8bmKmHXPwdnUFw2HEU4hFSWEInGf03xlfOhJ1fx2pDQ="},"chainType":1,"messageKeys":{}}}}},"version":"v1"})";

LocalIdentity local() {
  const auto key = base::from_base64("QAP6qRgMw39TuvI5s+MjDsMqyWWASRzguxE/HsBw2H8=").value();
  return {crypto::key_pair_of(base::to_fixed<32>(key)), 219};
}

struct NoPreKeys final : PreKeySource {
  std::optional<PreKey> find_pre_key(std::uint32_t) const override { return std::nullopt; }
  std::optional<SignedPreKey> find_signed_pre_key(std::uint32_t) const override { return std::nullopt; }
};

std::string opened(SessionRecord& record, const char* hex) {
  const LocalIdentity own = local();
  const NoPreKeys none;
  base::SeededRandom random{1};
  const ReceiveContext context{own, none, std::nullopt, Peer::kOther, random};
  auto read = decrypt(record, MessageKind::kMessage, base::from_hex(hex).value(), context);
  return read ? base::to_string(read->plaintext) : "error: " + std::string{to_string(read.error())};
}

constexpr const char* kSkippedOne =
    "330a21052abed8405734efe1bd1cb3a6c279c4b9413f3957c10a9d4ea96e7c276b567f7210011800221077650ef2cb03094b2be6"
    "0c35"
    "ce94c3371e07877733256570";
constexpr const char* kFourth =
    "330a21052abed8405734efe1bd1cb3a6c279c4b9413f3957c10a9d4ea96e7c276b567f721003180022106c3b5c46d61d438cbb45"
    "3024"
    "cc646496a9758af05d80d3a2";

Json known() { return *parse_json(kKnown); }
Json& only_state(Json& json) { return json["_sessions"].front(); }

}  // namespace

TEST_CASE("A session goes on where libsignal-node left it") {
  const auto session = read_session(kKnown, local());
  REQUIRE(session);
  REQUIRE(session->open);
  CHECK(session->open->remote_registration_id == 4321);
  CHECK(session->open->receivers.front().index == 3);
  CHECK(session->open->receivers.front().skipped.size() == 1);
  CHECK(session->open->sender->chain.index == 0);
  CHECK_FALSE(session->open->pending);

  SessionRecord record = session->to_record(std::nullopt);
  CHECK(opened(record, kSkippedOne) == "skipped one");
  CHECK(opened(record, kFourth) == "fourth");
  const auto ping = encrypt(record, base::as_bytes("ping\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c"));
  REQUIRE(ping);
  CHECK(ping->kind == MessageKind::kMessage);
}

TEST_CASE("The first message of an imported session is byte for byte Baileys'") {
  SessionRecord record = read_session(kKnown, local())->to_record(std::nullopt);
  const auto ping = encrypt(record, base::as_bytes("ping"));
  REQUIRE(ping);
  CHECK(base::to_hex(ping->bytes) ==
        "330a210539f1814301002902db3643c99b18f7df644bf607d5a5f70c666551ac92b0787c1000180022101d8996ddda9c6476"
        "d88118e5"
        "72418a05545fb54f47e63c7e");
}

TEST_CASE("A session written for Baileys is the session that was read") {
  const SessionRecord record = read_session(kKnown, local())->to_record(std::nullopt);
  const std::string written = write_session(record, 1'795'300'000'000);
  const auto again = read_session(written, local());
  REQUIRE(again);
  CHECK(again->to_record(std::nullopt).serialize() == record.serialize());
}

TEST_CASE("A closed chain gives its kept keys and nothing more") {
  Json json = known();
  for (Json& chain : only_state(json)["_chains"])
    if (chain["chainType"] == 2) chain["chainKey"].erase("key");
  SessionRecord record = read_session(write_json(json), local())->to_record(std::nullopt);
  const auto before = record.serialize();
  CHECK(opened(record, kFourth).starts_with("error"));
  CHECK(record.serialize() == before);
  CHECK(opened(record, kSkippedOne) == "skipped one");
}

TEST_CASE("A state with a broken key is left out, the others stay") {
  const auto breaks = [](const auto& change) {
    Json json = known();
    change(only_state(json));
    const auto session = read_session(write_json(json), local());
    REQUIRE(session);
    CHECK(session->empty());
    CHECK(session->unusable_states == 1);
  };
  breaks([](Json& state) { state["currentRatchet"]["rootKey"] = "AAAA"; });
  breaks([](Json& state) { state["currentRatchet"].erase("ephemeralKeyPair"); });
  breaks([](Json& state) {
    state["currentRatchet"]["ephemeralKeyPair"]["pubKey"] = state["indexInfo"]["baseKey"];
  });
  breaks([](Json& state) { state["indexInfo"]["remoteIdentityKey"] = "BgAA"; });
  breaks([](Json& state) { state["indexInfo"]["baseKey"] = state["indexInfo"]["remoteIdentityKey"]; });
  breaks([](Json& state) { state.erase("_chains"); });
  breaks([](Json& state) { state["_chains"].front()["chainKey"]["counter"] = -2; });
  breaks(
      [](Json& state) { state["_chains"].front()["messageKeys"]["9"] = state["currentRatchet"]["rootKey"]; });
  breaks([](Json& state) { state["pendingPreKey"] = Json::object(); });
}

TEST_CASE("What is no session at all is refused") {
  for (const char* text : {"", "{", "[]", "null", "{}", R"({"_sessions":[]})", R"("e30=")"}) {
    CAPTURE(text);
    CHECK_FALSE(read_session(text, local()));
  }
}

TEST_CASE("The newest open state is in use; the rest is kept by how lately it was used") {
  Json json = known();
  const std::string name = json["_sessions"].items().begin().key();
  const Json state = json["_sessions"][name];
  const auto add = [&](int which, std::int64_t closed, std::int64_t used) {
    Json copy = state;
    const base::FixedBytes<32> seed{static_cast<std::uint8_t>(which * 8)};  // the lowest bits do not count
    const auto key = base::to_base64(to_wire_key(crypto::key_pair_of(seed).public_key));
    copy["indexInfo"]["baseKey"] = key;
    copy["indexInfo"]["closed"] = closed;
    copy["indexInfo"]["used"] = used;
    json["_sessions"][key] = copy;
    return crypto::key_pair_of(seed).public_key;
  };
  json["_sessions"].erase(name);
  const auto old_closed = add(1, 500, 100);
  const auto old_open = add(2, -1, 300);
  const auto newest = add(3, -1, 400);
  const auto closed_late = add(4, 900, 350);
  const auto session = read_session(write_json(json), local());
  REQUIRE(session);
  REQUIRE(session->open);
  CHECK(session->open->base_key == newest);
  REQUIRE(session->closed.size() == 3);
  CHECK(session->closed[0].base_key == old_open);  // open once, so nobody closed it for a reason
  CHECK(session->closed[1].base_key == closed_late);
  CHECK(session->closed[2].base_key == old_closed);
}

TEST_CASE("Of many chains the newest stay, and always the one in use") {
  Json json = known();
  Json& chains = only_state(json)["_chains"];
  const std::string in_use = chains.items().begin().key();
  const Json chain = chains.front();
  for (std::uint8_t i = 1; i <= 8; ++i) {
    const base::FixedBytes<32> seed{static_cast<std::uint8_t>(i * 8)};
    chains[base::to_base64(to_wire_key(crypto::key_pair_of(seed).public_key))] = chain;
  }
  const auto session = read_session(write_json(json), local());
  REQUIRE(session->open);
  const auto& receivers = session->open->receivers;
  REQUIRE(receivers.size() == kMaxReceiverChains);
  CHECK(base::to_base64(to_wire_key(receivers.front().ratchet)) == in_use);
  CHECK(receivers.back().ratchet == crypto::key_pair_of(base::FixedBytes<32>{64}).public_key);
}

TEST_CASE("With another identity than the stored one, a session is for reading only") {
  const auto session = read_session(kKnown, local());
  const auto record = session->to_record(crypto::PublicKey{1});
  CHECK(record.current() == nullptr);
  CHECK(record.archived_count() == 1);
}

TEST_CASE("A session wrapped as a byte string, and one without version") {
  const std::string wrapped = write_json(buffer_of(base::as_bytes(kKnown)));
  CHECK(read_session(wrapped, local())->open);
  Json json = known();
  json.erase("version");
  only_state(json).erase("registrationId");
  json["registrationId"] = 99;
  CHECK(read_session(write_json(json), local())->open->remote_registration_id == 99);
}
