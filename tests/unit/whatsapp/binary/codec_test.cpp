#include "whatsapp/binary/codec.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <utility>

#include "base/encoding.h"
#include "base/random.h"
#include "whatsapp/binary/token_tables.h"

using namespace whatsapp::binary;
using base::Bytes;
using base::ErrorCode;

namespace {

Bytes hex(std::string_view text) { return base::from_hex(text).value(); }

/// A frame of node bytes: flag 00 in front.
Bytes frame(std::string_view node_hex) { return base::concat(Bytes{0}, hex(node_hex)); }

std::string encoded(const Node& node) {
  const auto bytes = encode(node);
  REQUIRE(bytes.has_value());
  REQUIRE(bytes->front() == 0);
  return base::to_hex(base::ByteView{*bytes}.subspan(1));
}

Node decoded(std::string_view node_hex) {
  auto node = decode(frame(node_hex));
  REQUIRE_MESSAGE(node.has_value(), node_hex);
  return *std::move(node);
}

Node with_jid(std::string_view jid) { return Node("x").with("jid", Jid::parse(jid).value()); }

Bytes compressed(base::ByteView data) {
  uLongf size = compressBound(data.size());
  Bytes out(size);
  REQUIRE(compress2(out.data(), &size, data.data(), data.size(), 9) == Z_OK);
  out.resize(size);
  return base::concat(Bytes{2}, out);
}

/// Nodes and their bytes, which other implementations write the same way.
std::vector<std::pair<Node, std::string>> known_nodes() {
  return {
      {Node("xmlstreamend"), "f80102"},
      {Node("iq").with("id", "18.203-1").with("xmlns", "w:p").with("type", "get").with("to", Jid::service()),
       "f8091908ff0418b203a11657042911fa0003"},
      {Node("iq")
           .with("id", "18.203-2")
           .with("xmlns", "passive")
           .with("type", "set")
           .with("to", Jid::service())
           .add(Node("active")),
       "f80a1908ff0418b203a216ec18045a11fa0003f801f801ec01"},
      {Node("presence").with("type", "available").with("name", "Ana"), "f8051f048889fc03416e61"},
      {Node("ib").add(Node("offline_batch").with("count", 100)), "f802fc026962f801f803ed0841ec33"},
      {Node("ib").add(Node("unified_session").with("id", "123456789")),
       "f802fc026962f801f803fc0f756e69666965645f73657373696f6e08ff85123456789f"},
      {Node("receipt").with("id", "3EB0C431C26A1916E0").with("to", Jid{"5511999999999", Server::kUser, 3}),
       "f8050708fb093eb0c431c26a1916e011f70003ff875511999999999f"},
      {Node("ack")
           .with("class", "message")
           .with("id", "3EB0C431C26A1916E07")
           .with("to", Jid{"123456789012345", Server::kLid, 12}),
       "f8071b151308fb8a3eb0c431c26a1916e07f11f7010cff88123456789012345f"},
      {with_jid("123456789012345@lid"), "f803fc01780cfaff88123456789012345f76"},
      {with_jid("120363012345678901@g.us"), "f803fc01780cfaff091203630123456789011c"},
      {with_jid("5511999999999-1612345678@g.us"), "f803fc01780cfaff0c5511999999999a16123456781c"},
      {with_jid("status@broadcast"), "f803fc01780cfa0b0d"},
      {with_jid("120363111111111111@newsletter"),
       "f803fc01780cfaff09120363111111111111fc0a6e6577736c6574746572"},
      {with_jid("867051314767696@bot"), "f803fc01780cfaff88867051314767696ffc03626f74"},
      {with_jid("5511999999999:99@hosted"), "f803fc01780cf78063ff875511999999999f"},
      {with_jid("123456789012345:99@hosted.lid"), "f803fc01780cf78163ff88123456789012345f"},
      {with_jid("100001:1@msgr"), "f803fc01780cf6ff031000010001cc"},
      {with_jid("3-abc:2@interop"), "f803fc01780cf5fc0361626300020003fc07696e7465726f70"},
      {Node("enc").with("v", 2).with("type", "pkmsg").bytes(hex("33081b")), "f8061d51450453fc0333081b"},
      {Node("x").bytes(Bytes{}), "f802fc0178fc00"},
      {Node("x").with("jid", ""), "f803fc01780cfc00"},
  };
}

}  // namespace

TEST_CASE("known stanzas are written to and read from the known bytes") {
  for (const auto& [node, bytes] : known_nodes()) {
    CHECK(encoded(node) == bytes);
    CHECK(decoded(bytes) == node);
  }
}

TEST_CASE("known texts have their known encodings") {
  const std::pair<const char*, const char*> known[] = {
      {"123", "ff82123f"},      {"1.2-", "ff021b2a"},     {"3EB0", "fb023eb0"},     {"ABC", "fb82abcf"},
      {"3eb0", "fc0433656230"}, {"\xc3\xa9", "fc02c3a9"}, {"s.whatsapp.net", "03"}, {"read-self", "ec00"},
  };
  for (const auto& [text, bytes] : known) CHECK(encoded(Node(text)) == "f801" + std::string{bytes});
  CHECK(encoded(Node(kDoubleByteTokens[3][255])) == "f801efff");
}

TEST_CASE("lengths of bytes and lists use the shortest header") {
  const auto header_of = [](std::size_t size) {
    return encoded(Node("x").bytes(Bytes(size))).substr(10, 10);
  };
  CHECK(header_of(255).starts_with("fcff"));
  CHECK(header_of(256).starts_with("fd000100"));
  CHECK(header_of((1 << 20) - 1).starts_with("fd0fffff"));
  CHECK(header_of(1 << 20).starts_with("fe00100000"));

  const auto list_of = [](std::size_t count) {
    return encoded(Node("x").add(Node::Children(count, Node("iq")))).substr(10, 6);
  };
  CHECK(list_of(255).starts_with("f8ff"));
  CHECK(list_of(256).starts_with("f90100"));
  CHECK(encode(Node("x").add(Node::Children(65535, Node("iq")))).has_value());
  CHECK(encode(Node("x").add(Node::Children(65536, Node("iq")))).error().code == ErrorCode::kLimit);
}

TEST_CASE("an address that has no form on the wire cannot be encoded") {
  for (const Jid& jid : {Jid{"1", Server::kUser, 256}, Jid{"1", Server::kGroup, 1}, Jid{},
                         Jid{"", Server::kUser, 1}, Jid::on_server("a", "example.org").with_device(2)})
    CHECK(encode(Node("x").with("jid", jid)).error().code == ErrorCode::kInvalidArgument);
  CHECK(encode(Node("")).error().code == ErrorCode::kInvalidArgument);
  CHECK(encode(Node("x").with("", "v")).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE(
    "a device on the old server name is written on the new one, hosted accounts without device as a pair") {
  CHECK(encoded(with_jid("123:4@c.us")) == encoded(with_jid("123:4@s.whatsapp.net")));
  CHECK(encoded(with_jid("123@c.us")) == "f803fc01780cfaff82123ffc04632e7573");
  CHECK(encoded(with_jid("123@hosted")) == "f803fc01780cfaff82123ffc06686f73746564");
}

TEST_CASE("text with an @ stays text unless it was given as an address") {
  const Node node = Node("x").with("notify", "a@b.c");
  CHECK(encoded(node) == "f803fc017818fc056140622e63");
  CHECK(decode(encode(node).value()).value() == node);
}

TEST_CASE("odd forms are read") {
  CHECK(decoded("f803fc01780cf78205ff82123f").attr("jid") == "123:5@hosted");
  CHECK(decoded("f803fc01780cf70000ff82123f").attr("jid") == "123@s.whatsapp.net");
  CHECK(decoded("f803fc01780cf70503ff82123f").attr("jid") == "123:3@s.whatsapp.net");
  CHECK(decoded("f802fc01785f").text() == "hash");
  CHECK(decoded("f802fc0178ff82123f").text() == "123");
  CHECK(decoded("f802fc0178faff82123f76").text() == "123@lid");
  CHECK_FALSE(decoded("f803fc01780c00").has_attr("jid"));
  CHECK(decoded("f802fc017800") == Node("x"));
  CHECK(decoded("f802fc0178f800") == Node("x"));
  CHECK(decoded("f802fc0178f90000") == Node("x"));
  CHECK(decoded("f805fc01780c5f0c55").attr("jid") == "1");
  CHECK(decoded("f803fc01780cfa00fc03666f6f").jid("jid") == Jid::on_server("", "foo"));
  // An address of a third-party network in the form of a pair: the network number is part of its text.
  CHECK(decoded("f803fc01780cfafc05332d616263fc07696e7465726f70").jid("jid") == Jid::interop("abc", 3, 0));
  CHECK(decode(hex("fdf80102")).value() == Node("xmlstreamend"));  // other flag bits mean nothing
}

TEST_CASE("malformed bytes are refused") {
  const char* bad[] = {"",
                       "00",
                       "f800",
                       "f801",
                       "f802f80102",
                       "f803fc01780cff80",
                       "f803fc01780cff01c0",
                       "f803fc01780cff01f1",
                       "f803fc01780cf0",
                       "f803fc01780cfaff02123400",
                       "f803fc01780cfaff021234fc00",
                       "f803fc0178005f",
                       "f803fc0178fc005f",
                       "f80102ff",
                       "f802fc0178fe7fffffff",
                       "f802fc0178feffffffff",
                       "f802fc0178f9ffff",
                       "f9ffff19",
                       "f803fc01780cf7000000",
                       "f803fc01780cf70000fc00",
                       "f803fc01780cf6ff0310000100010d",
                       "f803fc01780cf5fc0361626300020003cc",
                       "f801fc00"};
  for (const char* bytes : bad) CHECK_MESSAGE(!decode(frame(bytes)).has_value(), bytes);
  CHECK_FALSE(decode({}).has_value());
  CHECK_FALSE(decode(hex("02")).has_value());
  CHECK(is_end_of_stream(hex("02")));
  CHECK_FALSE(is_end_of_stream(hex("00")));
  CHECK_FALSE(is_end_of_stream({}));
}

TEST_CASE("every proper prefix of a stanza is refused") {
  for (const auto& [node, bytes] : known_nodes()) {
    const Bytes whole = frame(bytes);
    for (std::size_t size = 0; size < whole.size(); ++size)
      CHECK_FALSE(decode(base::ByteView{whole}.first(size)).has_value());
  }
}

TEST_CASE("the limits of nesting, nodes and attributes hold") {
  const auto nested = [](std::size_t depth) {
    Bytes out{0};
    for (std::size_t i = 1; i < depth; ++i) base::append(out, hex("f80219f801"));
    base::append(out, hex("f80119"));
    return out;
  };
  CHECK(decode(nested(32)).has_value());
  CHECK(decode(nested(33)).error().code == ErrorCode::kLimit);
  CHECK(decode(nested(100'000)).error().code == ErrorCode::kLimit);

  const Bytes many = encode(Node("x").add(Node::Children(100, Node("iq").with("a", 1).with("b", 2)))).value();
  CHECK(decode(many, {.nodes = 101, .attributes = 200}).has_value());
  CHECK(decode(many, {.nodes = 100}).error().code == ErrorCode::kLimit);
  CHECK(decode(many, {.attributes = 199}).error().code == ErrorCode::kLimit);
}

TEST_CASE("compressed stanzas are read, broken ones refused") {
  const Node offline = Node("ib").add(Node("offline").with("count", 7));
  const Bytes known = hex("02789cfbc1f4872933e907e30f6621c7c7002bb305ee");
  CHECK(decode(known).value() == offline);
  for (std::size_t size = 1; size < known.size(); ++size)
    CHECK_FALSE(decode(base::ByteView{known}.first(size)).has_value());
  Bytes trailing = known;
  trailing.push_back(0);
  CHECK_FALSE(decode(trailing).has_value());
  Bytes wrong_checksum = known;
  wrong_checksum.back() ^= 1;
  CHECK_FALSE(decode(wrong_checksum).has_value());
  CHECK_FALSE(decode(hex("021f8b0800000000000003")).has_value());  // gzip
}

TEST_CASE("a stanza of any size survives compression") {
  base::SeededRandom random{3};
  for (const std::size_t size : {0UL, 1UL, 255UL, 256UL, 70'000UL, 3'000'000UL}) {
    const Node node = Node("x").bytes(random.bytes(size));
    CHECK(decode(compressed(base::ByteView{encode(node).value()}.subspan(1))).value() == node);
  }
}

TEST_CASE("a compression bomb stops at the cap, and a suspicious ratio well before") {
  const Node large = Node("x").bytes(Bytes(4 * 1024 * 1024));
  const Bytes bomb = compressed(base::ByteView{encode(large).value()}.subspan(1));
  REQUIRE(bomb.size() < 8192);
  CHECK(decode(bomb).error().code == ErrorCode::kLimit);
  CHECK(decode(bomb, {.inflate_ratio = 2000}).has_value());
  CHECK(decode(bomb, {.inflated_bytes = 1'000'000, .inflate_ratio = 2000}).error().code == ErrorCode::kLimit);

  const Node small = Node("x").bytes(Bytes(900 * 1024));
  CHECK(decode(compressed(base::ByteView{encode(small).value()}.subspan(1))).has_value());
}

// ---- random trees ----

namespace {

std::string random_text(base::Random& random) {
  static constexpr std::string_view kAlphabets[] = {"0123456789", "0123456789-.", "0123456789ABCDEF",
                                                    "0123456789abcdef", "abc XYZ@\xc3\xa9"};
  if (random.below(4) == 0) {
    const auto token = kDoubleByteTokens[random.below(4)][random.below(256)];
    return std::string{token};
  }
  static constexpr std::size_t kLengths[] = {1, 2, 3, 10, 126, 127, 128, 129, 255, 256, 300};
  const std::string_view alphabet = kAlphabets[random.below(std::size(kAlphabets))];
  std::string text(random.below(5) == 0 ? kLengths[random.below(std::size(kLengths))] : 1 + random.below(20),
                   '\0');
  for (char& c : text) c = alphabet[random.below(alphabet.size())];
  return text;
}

Jid random_jid(base::Random& random) {
  const auto server = static_cast<Server>(random.below(13));
  if (server == Server::kOther) return Jid::on_server(random_text(random), "example.org");
  if (server == Server::kInterop)
    return Jid::interop("u" + random_text(random), static_cast<std::uint16_t>(random.below(65536)),
                        static_cast<std::uint16_t>(random.below(65536)));
  const bool plain = !has_devices(server) || server == Server::kLegacyUser;
  const std::uint64_t devices = server == Server::kMessenger ? 65536 : 256;
  if (random.below(8) == 0) return Jid::service(server);
  return Jid{random_text(random), server, static_cast<std::uint16_t>(plain ? 0 : random.below(devices))};
}

Node random_node(base::Random& random, std::size_t depth) {
  Node node{random_text(random)};
  for (std::uint64_t i = random.below(5); i > 0; --i) {
    if (random.below(2) == 0) {
      node.set(random_text(random), random_jid(random));
    } else {
      node.set(random_text(random), random.below(9) == 0 ? std::string{} : random_text(random));
    }
  }
  const std::uint64_t kind = random.below(3);
  if (kind == 1) node.set_bytes(random.bytes(random.below(400)));
  if (kind == 2 && depth < 8)
    for (std::uint64_t i = random.below(4); i > 0; --i) node.add_child(random_node(random, depth + 1));
  return node;
}

}  // namespace

TEST_CASE("random trees come back, and come back the same bytes") {
  base::SeededRandom random{4};
  for (int i = 0; i < 2000; ++i) {
    const Node node = random_node(random, 1);
    const auto bytes = encode(node);
    REQUIRE(bytes.has_value());
    const auto back = decode(*bytes);
    REQUIRE(back.has_value());
    CHECK(*back == node);
    CHECK(encode(*back).value() == *bytes);
  }
}

TEST_CASE("texts of every length and alphabet come back") {
  for (const std::string_view alphabet : {"0123456789", "-.", "0123456789ABCDEF", "abcdef", "\xc3"})
    for (std::size_t size = 1; size <= 130; ++size) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text += alphabet[(i * 7) % alphabet.size()];
      const Node node = Node("x").with("k", text);
      CHECK(decode(encode(node).value()).value() == node);
    }
}

TEST_CASE("random damage never crashes, and what is accepted can be written again") {
  base::SeededRandom random{5};
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = encode(random_node(random, 5)).value();
    for (std::uint64_t change = 1 + random.below(4); change > 0; --change)
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
    const auto node = decode(bytes);
    if (!node) continue;
    ++accepted;
    const auto again = encode(*node);
    REQUIRE(again.has_value());
    const auto back = decode(*again);
    REQUIRE(back.has_value());
    CHECK(*back == *node);
  }
  CHECK(accepted > 100);
}
