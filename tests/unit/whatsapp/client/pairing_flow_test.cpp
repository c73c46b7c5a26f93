#include "whatsapp/client/pairing_flow.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/account_bench.h"
#include "unit/whatsapp/client/fake_channel.h"
#include "whatsapp/pairing/pairing_code.h"
#include "whatsapp/pairing/passkey.h"
#include "whatsapp/pairing/qr_text.h"

using namespace std::chrono_literals;
using whatsapp::Ended;
using whatsapp::OwnDevice;
using whatsapp::PairingFlow;
using whatsapp::Reaction;
using whatsapp::binary::Jid;
using whatsapp::binary::Node;
using whatsapp::test::AccountBench;
using whatsapp::test::FakeChannel;
namespace pairing = whatsapp::pairing;

namespace {

/// The phone and the server on one side, the flow under test on the other.
struct Linking : AccountBench {
  explicit Linking(whatsapp::PairingSettings settings = {}) {
    REQUIRE(run(device.load()));
    flow = std::make_unique<PairingFlow>(
        whatsapp::PairingDependencies{.loop = loop,
                                      .channel = channel,
                                      .device = device,
                                      .store = store,
                                      .random = random,
                                      .observer = observer,
                                      .log = base::Log{},
                                      .scope = scope,
                                      .code_budget = budget,
                                      .end = [this](Ended ended) { ends.push_back(std::move(ended)); }},
        std::move(settings));
  }

  void give(Node stanza) {
    scope.spawn(flow->handle(std::move(stanza)));
    settle();
  }
  void offer(int refs, std::string_view from = "s.whatsapp.net") {
    Node offer("pair-device");
    for (int i = 0; i < refs; ++i) offer.add_child(Node("ref").text("2@ref,number-" + std::to_string(i)));
    give(from_server("offer-1", from).add(std::move(offer)));
  }
  static Node from_server(std::string_view id, std::string_view from = "s.whatsapp.net") {
    auto iq = Node("iq").with("type", "set").with("xmlns", "md").with("id", id);
    if (const auto jid = Jid::parse(from)) iq.set("from", *jid);
    return iq;
  }
  pairing::QrContent shown() { return *pairing::parse_qr_text(observer.codes.back()); }

  /// What the phone signs after scanning the code that is shown.
  base::Bytes container(const pairing::AdvSecret& secret) {
    pairing::DeviceDetails details;
    details.raw_id = 4711;
    details.timestamp = 1'700'000'000;
    details.key_index = 7;
    return pairing::make_identity_container(phone, details, shown().identity, secret, random);
  }
  static Node pair_success(base::Bytes container, const char* jid = "5511999999999:3@s.whatsapp.net",
                           const char* lid = "123456789012345:3@lid") {
    auto own = Node("device").with("jid", *Jid::parse(jid));
    if (lid != nullptr) own.set("lid", *Jid::parse(lid));
    return from_server("success-1")
        .add(Node("pair-success")
                 .add(std::move(own))
                 .add(Node("device-identity").bytes(std::move(container)))
                 .add(Node("platform").with("name", "Android"))
                 .add(Node("biz").with("name", "Shop")));
  }
  bool stored_link() { return (*device_store->credentials())->paired.has_value(); }
  const Node* answer(const char* id, const char* type) {
    for (const Node& stanza : channel.sent)
      if (stanza.attr_is("id", id) && stanza.attr_is("type", type)) return &stanza;
    return nullptr;
  }
  void expect_refusal(const char* code) {
    const Node* refusal = answer("success-1", "error");
    REQUIRE(refusal != nullptr);
    CHECK(refusal->child("error")->attr_is("code", code));
    REQUIRE(ends.size() >= 1);
    CHECK(ends[0].reason == "pairing_refused");
    CHECK(ends[0].reaction == Reaction::kRetry);
    CHECK(std::to_string(ends[0].code) == code);
    CHECK_FALSE(stored_link());
    CHECK_FALSE(device.linked());
    CHECK(observer.paired.empty());
  }

  FakeChannel channel{loop};
  whatsapp::CodeBudget budget{clock};
  OwnDevice device{store, random, clock};
  crypto::KeyPair phone = crypto::generate_key_pair(random);
  std::vector<Ended> ends;
  std::unique_ptr<PairingFlow> flow;
};

Ended lost() {
  Ended ended;
  ended.reason = "connection_lost";
  return ended;
}

}  // namespace

TEST_CASE("the first of six refs is shown for 60 s, the others for 20 s, and then there are no more") {
  Linking linking;
  linking.offer(6);
  REQUIRE(linking.answer("offer-1", "result") != nullptr);
  REQUIRE(linking.observer.codes.size() == 1);
  CHECK(linking.shown().ref == "2@ref,number-0");
  linking.pass(59s);
  CHECK(linking.observer.codes.size() == 1);
  linking.pass(1s);
  CHECK(linking.observer.codes.size() == 2);
  linking.pass(99s);
  CHECK(linking.observer.codes.size() == 6);
  CHECK(linking.ends.empty());
  linking.pass(1s);
  CHECK(linking.observer.codes.size() == 6);
  REQUIRE(linking.ends.size() == 1);
  CHECK(linking.ends[0].reaction == Reaction::kQrExhausted);
  CHECK(linking.observer.lifetimes == std::vector<base::Duration>{60s, 20s, 20s, 20s, 20s, 20s});
}

TEST_CASE("the code names our keys and a secret that each offer renews") {
  Linking linking;
  linking.offer(6);
  const auto first = linking.shown();
  CHECK(first.noise == linking.device.credentials().noise.public_key);
  CHECK(first.identity == linking.device.credentials().identity.public_key);
  CHECK(first.platform == "1");
  linking.offer(6);
  CHECK_FALSE(linking.shown().adv_secret == first.adv_secret);
  linking.pass(59s);
  CHECK(linking.observer.codes.size() == 2);  // the timers began anew
}

TEST_CASE("other numbers of refs are shown for 20 s each") {
  Linking linking;
  linking.offer(2);
  linking.pass(20s);
  CHECK(linking.observer.codes.size() == 2);
  linking.pass(20s);
  CHECK(linking.ends.size() == 1);
}

TEST_CASE("an offer without a usable ref is an exhausted one") {
  Linking linking;
  linking.give(Linking::from_server("offer-1").add(
      Node("pair-device").add(Node("ref")).add(Node("ref").text(std::string("a\0b", 3))).add(Node("new"))));
  REQUIRE(linking.ends.size() == 1);
  CHECK(linking.ends[0].reaction == Reaction::kQrExhausted);
  CHECK(linking.observer.codes.empty());
}

TEST_CASE("without an offer for 30 s the connection is retried") {
  Linking linking;
  linking.pass(30s);
  REQUIRE(linking.ends.size() == 1);
  CHECK(linking.ends[0].reaction == Reaction::kRetry);
}

TEST_CASE("offers and successes from anybody but the server are ignored") {
  Linking linking;
  linking.offer(6, "5511888888888@s.whatsapp.net");
  linking.offer(6, "g.us");
  linking.offer(6, "");
  CHECK(linking.observer.codes.empty());
  CHECK(linking.channel.sent.empty());
}

TEST_CASE("a refresh shows the same ref with a new secret for the rest of its time") {
  Linking linking;
  linking.offer(6);
  const auto before = linking.shown();
  linking.pass(10s);
  linking.give(Node("notification")
                   .with("from", Jid::service())
                   .with("type", "companion_reg_refresh")
                   .with("id", "n1")
                   .add(Node("companion_reg_refresh")));
  REQUIRE(linking.observer.codes.size() == 2);
  CHECK(linking.shown().ref == before.ref);
  CHECK_FALSE(linking.shown().adv_secret == before.adv_secret);
  CHECK(linking.observer.lifetimes[1] == 50s);
  const auto acks = linking.channel.sent_with("ack");
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].attr_is("id", "n1"));
  CHECK(acks[0].attr_is("type", "companion_reg_refresh"));
}

TEST_CASE("a good pair-success is stored, then signed, then told") {
  Linking linking;
  linking.offer(6);
  const auto container = linking.container(linking.shown().adv_secret);
  linking.give(Linking::pair_success(container));

  const Node* reply = linking.answer("success-1", "result");
  REQUIRE(reply != nullptr);
  const Node* signature = reply->child("pair-device-sign")->child("device-identity");
  REQUIRE(signature != nullptr);
  CHECK(signature->attr_is("key-index", "7"));
  CHECK(pairing::check_signed_reply(signature->bytes(), container, linking.phone.public_key,
                                    linking.device.credentials().identity.public_key));

  const auto stored = *linking.device_store->credentials();
  REQUIRE((stored && stored->paired));
  CHECK(stored->paired->pn.to_string() == "5511999999999:3@s.whatsapp.net");
  CHECK(stored->paired->lid.to_string() == "123456789012345:3@lid");
  CHECK(stored->paired->platform == "android");
  CHECK(stored->paired->business_name == "Shop");
  CHECK(stored->adv_secret == linking.shown().adv_secret);
  const auto identity = pairing::SignedDeviceIdentity::parse(stored->paired->account_identity);
  REQUIRE(identity);
  CHECK(identity->account_signature_key == linking.phone.public_key);
  CHECK(*linking.device_store->lid_of("5511999999999") == "123456789012345");
  const whatsapp::signal::Address phone{
      .user = "123456789012345", .domain = whatsapp::signal::Domain::kLid, .device = 0};
  CHECK((*linking.device_store->identity(phone))->key == linking.phone.public_key);

  REQUIRE(linking.observer.paired.size() == 1);
  CHECK(linking.observer.paired[0].pn.device() == 3);
  linking.pass(60s);
  CHECK(linking.observer.codes.size() == 1);  // no more codes
}

TEST_CASE("a link without a LID keeps the phone's identity under its number") {
  Linking linking;
  linking.offer(6);
  linking.give(Linking::pair_success(linking.container(linking.shown().adv_secret),
                                     "5511999999999:3@s.whatsapp.net", nullptr));
  CHECK(linking.observer.paired.size() == 1);
  CHECK(linking.device.credentials().paired->lid.empty());
  const whatsapp::signal::Address phone{.user = "5511999999999"};
  CHECK((*linking.device_store->identity(phone)).has_value());
}

TEST_CASE("a wrong HMAC is refused with 401 and nothing is stored") {
  Linking linking;
  linking.offer(6);
  pairing::AdvSecret other = linking.shown().adv_secret;
  other.mutable_bytes()[0] ^= 1;
  linking.give(Linking::pair_success(linking.container(other)));
  linking.expect_refusal("401");
}

TEST_CASE("the secret of a replaced offer is worth nothing") {
  Linking linking;
  linking.offer(6);
  const auto old = linking.container(linking.shown().adv_secret);
  linking.offer(6);
  linking.give(Linking::pair_success(old));
  linking.expect_refusal("401");
}

TEST_CASE("a wrong account signature is refused with 401") {
  Linking linking;
  linking.offer(6);
  auto forged = linking.shown();
  const auto stranger = crypto::generate_key_pair(linking.random);
  pairing::DeviceDetails details;
  details.key_index = 1;
  // Signed for somebody else's identity key, with the right secret.
  const auto container = pairing::make_identity_container(linking.phone, details, stranger.public_key,
                                                          forged.adv_secret, linking.random);
  linking.give(Linking::pair_success(container));
  linking.expect_refusal("401");
}

TEST_CASE("a broken, missing or oversized identity is refused with 500") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{501}}) {
    CAPTURE(size);
    Linking linking;
    linking.offer(6);
    linking.give(Linking::pair_success(base::Bytes(size, 0xff)));
    linking.expect_refusal("500");
  }
  Linking linking;
  linking.offer(6);
  linking.give(Linking::from_server("success-1").add(Node("pair-success")));
  linking.expect_refusal("500");
}

TEST_CASE("an own JID that is no companion device is refused with 500") {
  for (const char* jid : {"5511999999999@s.whatsapp.net", "123456:3@lid", "shop:3@s.whatsapp.net"}) {
    CAPTURE(jid);
    Linking linking;
    linking.offer(6);
    linking.give(Linking::pair_success(linking.container(linking.shown().adv_secret), jid));
    linking.expect_refusal("500");
  }
}

TEST_CASE("a full disk refuses the link with 500 and signs nothing") {
  Linking linking;
  linking.offer(6);
  linking.device_store->broken = true;
  linking.give(Linking::pair_success(linking.container(linking.shown().adv_secret)));
  linking.device_store->broken = false;
  linking.expect_refusal("500");
  CHECK(linking.answer("success-1", "result") == nullptr);
}

TEST_CASE("a connection lost before the signature is written leaves no link") {
  Linking linking;
  linking.offer(6);
  const auto success = Linking::pair_success(linking.container(linking.shown().adv_secret));
  linking.channel.close();
  linking.give(success);
  CHECK_FALSE(linking.stored_link());
  CHECK(linking.observer.paired.empty());
}

TEST_CASE("a second pair-success is ignored: one link, one answer") {
  Linking linking;
  linking.offer(6);
  const auto success = Linking::pair_success(linking.container(linking.shown().adv_secret));
  linking.give(success);
  const auto answers = linking.channel.sent.size();
  linking.give(success);
  linking.offer(6);
  CHECK(linking.observer.paired.size() == 1);
  CHECK(linking.observer.codes.size() == 1);
  CHECK(linking.channel.sent.size() == answers + 1);  // the offer's empty result
}

TEST_CASE("when the restart does not come within 10 s we make it ourselves") {
  Linking linking;
  linking.offer(6);
  linking.give(Linking::pair_success(linking.container(linking.shown().adv_secret)));
  linking.pass(9s);
  CHECK(linking.ends.empty());
  linking.pass(1s);
  REQUIRE(linking.ends.size() == 1);
  CHECK(linking.ends[0].reaction == Reaction::kRetryNow);
  CHECK(linking.ends[0].code == 515);
  CHECK(linking.ends[0].reached == Ended::Reached::kPaired);
}

TEST_CASE("what a lost connection means depends on how far the linking was") {
  Linking linking;
  CHECK(linking.flow->conclude(lost()).reached == Ended::Reached::kNothing);
  linking.offer(6);
  CHECK(linking.flow->conclude(lost()).reaction == Reaction::kRetry);
  CHECK(linking.flow->conclude(lost()).reached == Ended::Reached::kPairing);
  linking.offer(1);
  CHECK(linking.flow->conclude(lost()).reaction == Reaction::kQrExhausted);

  Linking linked;
  linked.offer(6);
  linked.give(Linking::pair_success(linked.container(linked.shown().adv_secret)));
  CHECK(linked.flow->conclude(lost()).reaction == Reaction::kRetryNow);
  CHECK(linked.flow->conclude(lost()).reached == Ended::Reached::kPaired);
  Ended busy;
  busy.reason = "service_unavailable";
  busy.code = 503;
  const Ended concluded = linked.flow->conclude(busy);
  CHECK(concluded.reason == "service_unavailable");
  CHECK(concluded.reached == Ended::Reached::kPaired);
}

TEST_CASE("A6: a demand for a passkey that nobody can answer ends the attempt visibly") {
  whatsapp::PairingSettings settings;
  settings.passkey = whatsapp::PasskeyAnswers::kNobody;
  Linking linking(settings);
  linking.offer(6);
  linking.give(Node("notification")
                   .with("from", Jid::service())
                   .with("type", "passkey_prologue_request")
                   .with("id", "n1"));
  REQUIRE(linking.ends.size() == 1);
  CHECK(linking.ends[0].reason == "passkey_unsupported");
  CHECK(linking.channel.sent_with("ack").size() == 1);
}

// ---- by code -------------------------------------------------------------------------------------------

namespace {

/// A phone whose owner types the code, behind a server that knows the number.
struct LinkingByCode : Linking {
  explicit LinkingByCode(std::string number = "5511999999999") : Linking(settings_for(std::move(number))) {
    channel.respond = [this](const Node& iq) -> std::optional<Node> {
      const Node* registration = iq.child("link_code_companion_reg");
      if (registration == nullptr) return std::nullopt;
      if (registration->attr_is("stage", "companion_finish")) {
        finishes.push_back(*registration);
        return whatsapp::test::iq_result();
      }
      hellos.push_back(*registration);
      if (refuse_with != 0) return whatsapp::test::iq_failure(refuse_with);
      return whatsapp::test::iq_result().add(
          Node("link_code_companion_reg")
              .with("stage", "companion_hello")
              .add(Node("link_code_pairing_ref").text("ref-" + std::to_string(hellos.size()))));
    };
  }
  static whatsapp::PairingSettings settings_for(std::string number) {
    whatsapp::PairingSettings settings;
    settings.phone = std::move(number);
    return settings;
  }
  void wait_for_code() {
    until([this] { return !observer.pairing_codes.empty(); });
  }
  void notify(Node registration) {
    give(Node("notification")
             .with("from", Jid::service())
             .with("type", "link_code_companion_reg")
             .with("id", "n" + std::to_string(++notifications))
             .add(std::move(registration)));
  }
  /// The owner types `code`.
  void type(const std::string& code, const std::string& ref = "ref-1") {
    const auto wrapped = hellos.back().child_bytes("link_code_pairing_wrapped_companion_ephemeral_pub");
    primary = pairing::answer_companion_hello(*pairing::normalise_code(code), *wrapped, random);
    REQUIRE(primary);
    const auto before = finishes.size();
    notify(Node("link_code_companion_reg")
               .with("stage", "primary_hello")
               .add(Node("link_code_pairing_ref").text(ref))
               .add(Node("link_code_pairing_wrapped_primary_ephemeral_pub").bytes(primary->wrapped_ephemeral))
               .add(Node("primary_identity_pub").bytes(base::ByteView{phone.public_key})));
    if (ref == "ref-1" && before < 3) until([&] { return finishes.size() > before; });
  }
  base::Result<pairing::AdvSecret> opened() {
    const auto bundle = finishes.back().child_bytes("link_code_pairing_wrapped_key_bundle");
    return pairing::open_key_bundle(*primary, phone, device.credentials().identity.public_key, *bundle);
  }
  /// What the phone signs once it has the companion's keys.
  base::Bytes signed_by(const crypto::KeyPair& account, const pairing::AdvSecret& secret) {
    pairing::DeviceDetails details;
    details.raw_id = 4711;
    details.timestamp = 1'700'000'000;
    details.key_index = 7;
    return pairing::make_identity_container(account, details, device.credentials().identity.public_key,
                                            secret, random);
  }

  std::vector<Node> hellos, finishes;
  int refuse_with = 0;
  int notifications = 0;
  base::Result<pairing::PrimaryHello> primary = base::fail(base::ErrorCode::kNotFound, "nothing typed");
};

}  // namespace

TEST_CASE("A code is shown beside the QR once the server has taken it, and typing it links the device") {
  LinkingByCode linking;
  linking.offer(6);
  linking.wait_for_code();
  CHECK(linking.hellos[0].attr_is("stage", "companion_hello"));
  CHECK(linking.hellos[0].jid("jid") == *Jid::parse("5511999999999@s.whatsapp.net"));
  CHECK(base::to_string(*linking.hellos[0].child_bytes("companion_platform_display")) == "Chrome (Windows)");
  CHECK(linking.observer.pairing_codes[0].size() == 9);
  CHECK(linking.observer.codes.size() >= 2);  // the QR was built anew with the new secret

  linking.type(linking.observer.pairing_codes[0]);
  const auto secret = linking.opened();
  REQUIRE(secret);
  CHECK(*secret == linking.device.credentials().adv_secret);
  CHECK(linking.observer.typed == 1);
  linking.give(Linking::pair_success(linking.signed_by(linking.phone, *secret)));
  CHECK(linking.stored_link());
  CHECK(linking.observer.paired.size() == 1);
}

TEST_CASE("After a typed code only the phone that answered may sign") {
  LinkingByCode linking;
  linking.offer(6);
  linking.wait_for_code();
  linking.type(linking.observer.pairing_codes[0]);
  const auto somebody_else = crypto::generate_key_pair(linking.random);
  linking.give(Linking::pair_success(linking.signed_by(somebody_else, *linking.opened())));
  linking.expect_refusal("401");
}

TEST_CASE("A code mistyped once and then right links; the fourth answer to one code ends it") {
  LinkingByCode linking;
  linking.offer(6);
  linking.wait_for_code();
  linking.type("1111-1111");
  CHECK_FALSE(linking.opened());
  linking.type(linking.observer.pairing_codes[0]);
  REQUIRE(linking.opened());
  linking.type(linking.observer.pairing_codes[0]);
  linking.type(linking.observer.pairing_codes[0]);
  CHECK(linking.finishes.size() == 3);
  REQUIRE(linking.observer.no_codes.size() == 1);
  CHECK(linking.observer.no_codes[0] == "pairing_code_attempts");
}

TEST_CASE("A hello for another code is acked and ignored, and so is one that is cut short") {
  LinkingByCode linking;
  linking.offer(6);
  linking.wait_for_code();
  linking.type(linking.observer.pairing_codes[0], "ref-of-somebody");
  linking.notify(Node("link_code_companion_reg")
                     .with("stage", "primary_hello")
                     .add(Node("link_code_pairing_ref").text("ref-1"))
                     .add(Node("link_code_pairing_wrapped_primary_ephemeral_pub").bytes(base::Bytes(79, 1)))
                     .add(Node("primary_identity_pub").bytes(base::Bytes(32, 1))));
  CHECK(linking.finishes.empty());
  CHECK(linking.channel.sent_with("ack").size() == 2);
  CHECK(linking.ends.empty());
}

TEST_CASE("A number that the server refuses is not asked for again; the QR goes on") {
  LinkingByCode linking;
  linking.refuse_with = 400;
  linking.offer(6);
  linking.until([&] { return !linking.observer.no_codes.empty(); });
  CHECK(linking.observer.no_codes[0] == "pairing_phone_refused");
  CHECK(linking.budget.refused_for_good() == "pairing_phone_refused");
  CHECK(linking.ends.empty());
  CHECK_FALSE(linking.observer.codes.empty());
  linking.offer(6);  // one request per connection
  CHECK(linking.hellos.size() == 1);
}

TEST_CASE("Too many codes: none for five minutes, then ten, up to two hours") {
  LinkingByCode linking;
  linking.refuse_with = 429;
  linking.offer(6);
  linking.until([&] { return !linking.observer.no_codes.empty(); });
  CHECK(linking.observer.no_codes[0] == "pairing_code_limited");
  CHECK_FALSE(linking.budget.allows());
  linking.clock.advance(299s);
  CHECK_FALSE(linking.budget.allows());
  linking.clock.advance(1s);
  CHECK(linking.budget.allows());
  linking.budget.refused_as_too_often();
  linking.clock.advance(599s);
  CHECK_FALSE(linking.budget.allows());
  linking.clock.advance(1s);
  CHECK(linking.budget.allows());
  for (int i = 0; i < 10; ++i) linking.budget.refused_as_too_often();
  linking.clock.advance(2h);
  CHECK(linking.budget.allows());
}

TEST_CASE("A code that the server calls stale is replaced, once a minute; by hand only on demand") {
  LinkingByCode linking;
  linking.offer(6);
  linking.wait_for_code();
  const auto refresh = [&](const char* ref, const char* by_hand) {
    linking.notify(Node("link_code_companion_reg")
                       .with("stage", "refresh_code")
                       .with("force_manual_refresh", by_hand)
                       .add(Node("link_code_pairing_ref").text(ref)));
  };
  refresh("ref-1", "false");
  linking.until([&] { return linking.observer.pairing_codes.size() == 2; });
  CHECK(linking.observer.pairing_codes[1] != linking.observer.pairing_codes[0]);
  refresh("ref-2", "false");
  CHECK(linking.hellos.size() == 2);  // too soon
  CHECK(linking.observer.no_codes.back() == "pairing_code_expired");
}

TEST_CASE("A code expires after three minutes") {
  LinkingByCode linking;
  linking.offer(32);
  linking.wait_for_code();
  linking.pass(179s);
  CHECK(linking.observer.no_codes.empty());
  linking.pass(2s);
  REQUIRE(linking.observer.no_codes.size() == 1);
  CHECK(linking.observer.no_codes[0] == "pairing_code_expired");
}

TEST_CASE("A typed code that leads to nothing ends the round") {
  LinkingByCode linking;
  linking.offer(6);
  linking.wait_for_code();
  linking.type(linking.observer.pairing_codes[0]);
  linking.pass(200s);
  REQUIRE(linking.ends.size() == 1);
  CHECK(linking.ends[0].reason == "pairing_code_unconfirmed");
  CHECK(linking.ends[0].reaction == Reaction::kQrExhausted);
}

TEST_CASE("Another number that scans the QR of an instance with a number is refused") {
  LinkingByCode linking("4915112345678");
  linking.offer(6);
  linking.wait_for_code();
  linking.give(Linking::pair_success(linking.container(linking.shown().adv_secret)));
  linking.expect_refusal("500");
}

TEST_CASE("The same number written with an inserted digit is the same number") {
  LinkingByCode linking("+55 (11) 9 9999-9999");
  linking.offer(6);
  linking.wait_for_code();
  linking.give(
      Linking::pair_success(linking.container(linking.shown().adv_secret), "551199999999:3@s.whatsapp.net"));
  CHECK(linking.stored_link());
}

// ---- with the passkey ------------------------------------------------------------------------------------

namespace {

constexpr const char* kChallenge =
    R"({"challenge":"AAECAwQ","timeout":600000,"rpId":"whatsapp.com","allowCredentials":[],"userVerification":"required"})";
constexpr const char* kAssertion =
    R"({"id":"AQID","rawId":"AQID","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA"}})";

struct LinkingWithPasskey : Linking {
  LinkingWithPasskey() {
    channel.respond = [this](const Node& iq) -> std::optional<Node> {
      if (iq.child("ref") != nullptr) return whatsapp::test::iq_result().add(Node("ref").text("REF"));
      for (const char* step : {"passkey_prologue", "companion_nonce", "encrypted_pairing_request"})
        if (const Node* child = iq.child(step)) {
          steps.push_back(*child);
          return whatsapp::test::iq_result();
        }
      return std::nullopt;
    };
  }
  void notify(const char* type, Node content) {
    give(Node("notification")
             .with("from", Jid::service())
             .with("type", type)
             .with("id", type)
             .add(std::move(content)));
  }
  void ask() { notify("passkey_prologue_request", Node("passkey_request_options").text(kChallenge)); }
  /// The phone goes on with a key of its own; returns what it agrees on with the companion.
  base::Result<pairing::PasskeyAgreement> go_on() {
    const auto prologue = pairing::CompanionPrologue::parse(*steps[0].child_bytes("prologue_payload"));
    REQUIRE(prologue);
    const auto nonce = random.bytes<32>();
    const pairing::PrimaryEphemeral primary{ephemeral.public_key, nonce};
    notify("crsc_continuation",
           Node("primary_ephemeral_identity").bytes(pairing::write_primary_ephemeral(primary)));
    until([this] { return steps.size() >= 2; });
    settle();
    const auto shown = steps[1].bytes();
    REQUIRE(prologue->matches(shown));
    return pairing::agree_with_companion(*prologue, base::to_fixed<32>(shown), ephemeral, nonce);
  }

  crypto::KeyPair ephemeral = crypto::generate_key_pair(random);
  std::vector<Node> steps;
};

}  // namespace

TEST_CASE(
    "A6: the passkey's challenge is carried to the edge and its assertion back; then the link is made") {
  LinkingWithPasskey linking;
  linking.offer(6);
  const auto handoff = pairing::passkey_handoff_key(linking.device.credentials().adv_secret);
  linking.ask();
  REQUIRE(linking.observer.passkey.size() == 1);
  CHECK(linking.observer.passkey[0].challenge == kChallenge);
  CHECK(linking.observer.passkey[0].valid_for == 600s);
  linking.pass(10s);
  CHECK(linking.observer.codes.size() == 1);  // no further QR
  CHECK_FALSE(linking.flow->answer_passkey("{}"));
  REQUIRE(linking.flow->answer_passkey(kAssertion));
  linking.until([&] { return linking.steps.size() == 1; });
  CHECK(linking.steps[0].child_bytes("credential_id").value().front() == 1);
  const auto proof = pairing::handoff_proof(handoff, *linking.steps[0].child_bytes("prologue_payload"));
  CHECK(base::to_bytes(*linking.steps[0].child_bytes("pairing_handoff_proof")) == base::to_bytes(proof));
  const auto agreement = linking.go_on();
  REQUIRE(agreement);
  linking.until([&] { return linking.steps.size() == 3; });
  const auto keys = pairing::open_pairing_request(agreement->key, linking.steps[2].bytes());
  REQUIRE(keys);
  CHECK(keys->noise == linking.device.credentials().noise.public_key);
  pairing::DeviceDetails details;
  details.key_index = 7;
  linking.give(Linking::pair_success(pairing::make_identity_container(linking.phone, details, keys->identity,
                                                                      keys->adv_secret, linking.random)));
  CHECK(linking.stored_link());
}

TEST_CASE("Without the proof of the scan a person has to compare the codes first") {
  LinkingWithPasskey linking;
  linking.offer(6);
  linking.ask();
  linking.pass(301s);
  REQUIRE(linking.flow->answer_passkey(kAssertion));
  linking.until([&] { return linking.steps.size() == 1; });
  CHECK_FALSE(linking.steps[0].child_bytes("pairing_handoff_proof"));
  const auto agreement = linking.go_on();
  REQUIRE(agreement);
  linking.until([&] { return linking.observer.passkey.size() == 2; });
  CHECK(linking.observer.passkey[1].code == pairing::display_code(agreement->check_code));
  CHECK(linking.steps.size() == 2);
  REQUIRE(linking.flow->confirm_passkey());
  linking.until([&] { return linking.steps.size() == 3; });
}

TEST_CASE("A6: a passkey that nobody gives ends the round after its time, and never hangs") {
  LinkingWithPasskey linking;
  linking.offer(6);
  linking.ask();
  linking.pass(599s, 10s);
  CHECK(linking.ends.empty());
  linking.pass(20s);
  REQUIRE(linking.ends.size() == 1);
  CHECK(linking.ends[0].reason == "passkey_timeout");
  CHECK_FALSE(linking.flow->answer_passkey(kAssertion));
}
