#include "whatsapp/noise/handshake.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "crypto/hash.h"
#include "proto/handshake.pb.h"
#include "unit/whatsapp/noise/test_keys.h"
#include "whatsapp/noise/frame_cipher.h"
#include "whatsapp/noise/frame_stream.h"

using namespace whatsapp::noise;
using namespace noise_test;
using base::Bytes;
using base::to_hex;
using whatsapp::proto::HandshakeMessage;

namespace {

HandshakeMessage parsed(const Bytes& frame) {
  HandshakeMessage message;
  REQUIRE(message.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
  return message;
}

Bytes bytes_of(const HandshakeMessage& message) { return base::to_bytes(message.SerializeAsString()); }

std::string digest(std::string_view field) { return to_hex(crypto::sha256(base::as_bytes(field))); }

/// The server's answer to the known client, in XX.
Bytes known_server_hello() {
  auto server = known_server();
  return server.on_client_hello(ClientHandshake{known_client()}.hello()).value().hello;
}

base::Result<Established> client_answers(const Bytes& server_hello) {
  ClientHandshake client{known_client()};
  return client.on_server_hello(server_hello, known_policy(), kNow);
}

/// Both sides' ciphers understand each other in both directions.
void check_talk(const TransportKeys& client_keys, const TransportKeys& server_keys) {
  FrameCipher client{client_keys, Side::kClient};
  FrameCipher server{server_keys, Side::kServer};
  const Bytes plaintext{0x00, 0xf8, 0x01, 0x02};
  for (auto [sender, receiver] : {std::pair{&client, &server}, std::pair{&server, &client}}) {
    Bytes wire;
    REQUIRE(sender->seal(plaintext, wire).has_value());
    const auto opened = receiver->open(base::MutableByteView{wire}.subspan(kFrameHeaderSize));
    REQUIRE(opened.has_value());
    CHECK(base::to_bytes(*opened) == plaintext);
  }
}

}  // namespace

TEST_CASE("XX with the known keys gives the known bytes on the wire and the known transport keys") {
  ClientHandshake client{known_client()};
  Bytes wire = prologue();
  REQUIRE(append_frame(wire, client.hello()).has_value());
  CHECK(to_hex(wire) ==
        "5741060300002412220a2007a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c");

  auto server = known_server();
  const auto reply = server.on_client_hello(client.hello());
  REQUIRE(reply.has_value());
  CHECK_FALSE(reply->accepted.has_value());
  CHECK(reply->hello.size() == 346);
  CHECK(to_hex(reply->hello).starts_with("1ad7020a2064b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d"));

  const auto done = client.on_server_hello(reply->hello, known_policy(), kNow);
  REQUIRE(done.has_value());
  CHECK(to_hex(done->finish.value()) ==
        "22520a30c007ab74a6f7e69989db1d94b63eb68f89f3ebd6ed7438fa52963b2bfc8410c44287b99e19964069d0fb1a3a91e4"
        "a94e"
        "121e44dd660e75fee0c459eaee9e43ff83df8b0f6d1be01656a9a907f6c3ed0e");
  CHECK(to_hex(done->keys.client_to_server.view()) ==
        "daf26735dbb3cc7cd7818fe9762eaef01ca73d3170276c3e3d02a9d090181c28");
  CHECK(to_hex(done->keys.server_to_client.view()) ==
        "e89ad0a46606de3fe3c7e96e7d7d3e9e7cbd3b7e3fe8c4e104e6ef29bb3b48f8");
  CHECK(done->server.value().key == server_key().public_key);

  const auto accepted = server.on_client_finish(*done->finish);
  REQUIRE(accepted.has_value());
  CHECK(accepted->device_key == client_device().public_key);
  CHECK(base::to_string(accepted->payload) == "client-payload");
  check_talk(done->keys, accepted->keys);
}

TEST_CASE("IK with the known keys gives the known hello and keys, and needs no finish") {
  auto client = ClientHandshake::resume(known_client(), server_key().public_key);
  REQUIRE(client.has_value());
  const auto hello = parsed(client->hello()).client_hello();
  CHECK(to_hex(base::as_bytes(hello.static_())) ==
        "21589d4594c8001e120f1cbf9e5874cccf22b55a7439a8f4dedb14480cb0ba1630c652db351b6d3defd5b220de1a45e8");
  CHECK(to_hex(base::as_bytes(hello.payload())) ==
        "f17368a334c3e0a992670609e655e62673b89cd5b60cabe8cfaedcb4b17a");

  auto server = known_server();
  const auto reply = server.on_client_hello(client->hello());
  REQUIRE(reply.has_value());
  REQUIRE(reply->accepted.has_value());
  CHECK(reply->accepted->device_key == client_device().public_key);
  CHECK(base::to_string(reply->accepted->payload) == "client-payload");
  CHECK(digest(parsed(reply->hello).server_hello().payload()) ==
        "eb8c66493a93b041c71d47c97875dd14b67b90447c8fe6f7e84ae62440c19e22");

  const auto done = client->on_server_hello(reply->hello, known_policy(), kNow);
  REQUIRE(done.has_value());
  CHECK_FALSE(done->finish.has_value());
  CHECK(to_hex(done->keys.client_to_server.view()) ==
        "313f5143cdf0a4e35a746584672d2e9fb2b3177b1ef387e187cf8b07f56fac72");
  CHECK(to_hex(done->keys.server_to_client.view()) ==
        "a8a35924d2916c48019c94cef529161e04a696d16228b2aa765ff7cddd9e6a8e");
  check_talk(done->keys, reply->accepted->keys);
}

TEST_CASE("a server whose key changed answers a resuming client with the fallback, which completes") {
  const auto old_server_key = counting_key(0xc1);
  auto client = ClientHandshake::resume(known_client(), old_server_key.public_key);
  REQUIRE(client.has_value());
  auto server = known_server();
  const auto reply = server.on_client_hello(client->hello());
  REQUIRE(reply.has_value());
  CHECK_FALSE(reply->accepted.has_value());
  const auto hello = parsed(reply->hello).server_hello();
  CHECK(to_hex(base::as_bytes(hello.static_())) ==
        "50454ee1d925e24a9b214e2fd4b710bfbf1a794e0d4e8639403e15a1fa85958b780046eb8b061ec2a648dcfc3c886216");
  CHECK(digest(hello.payload()) == "e4b354f8de34647343132562f1d0a233303f5b9c50871cb947a4a6f230d672a5");

  const auto done = client->on_server_hello(reply->hello, known_policy(), kNow);
  REQUIRE(done.has_value());
  const auto finish = parsed(done->finish.value()).client_finish();
  CHECK(to_hex(base::as_bytes(finish.static_())) ==
        "f47349754127b54fd3d5da93c0f710791f0c964062c86fb64ba72c27fe6ede53d113790c8a564cb0ab20d4fdc25fc97d");
  CHECK(to_hex(base::as_bytes(finish.payload())) ==
        "223cb3d3fcc8fe27ea33c2287de1537bb56400a3b021238086276c193850");
  CHECK(to_hex(done->keys.client_to_server.view()) ==
        "71719dddcf7d35602ed429bdf81360dca2c940d8581f8dd5770149e6155c2548");
  CHECK(to_hex(done->keys.server_to_client.view()) ==
        "73e18f673bbf700086e5c9e6f3dd816dd66416b879dca1300c601499d9575208");
  CHECK(done->server.value().key == server_key().public_key);
  check_talk(done->keys, server.on_client_finish(*done->finish).value().keys);
}

TEST_CASE("client and server agree with any keys and payloads, in all three patterns") {
  base::SeededRandom random{21};
  for (const std::size_t payload_size : {0UL, 1UL, 300UL, 65536UL}) {
    const auto root = crypto::generate_key_pair(random);
    const auto key = crypto::generate_key_pair(random);
    const CertificateIssue issue{root,           0, crypto::generate_key_pair(random),           5,
                                 key.public_key, 6, ValidityWindow{1'700'000'000, 2'000'000'000}};
    const ServerCredentials credentials{key, issue_chain(issue, random)};
    CertificatePolicy policy;
    policy.root_key = root.public_key;
    const Bytes payload = random.bytes(payload_size);
    const crypto::PublicKey stale = crypto::generate_key_pair(random).public_key;

    for (const auto& known :
         {std::optional<crypto::PublicKey>{}, std::optional{key.public_key}, std::optional{stale}}) {
      const ClientCredentials own{crypto::generate_key_pair(random), crypto::generate_key_pair(random),
                                  payload};
      ClientHandshake client = known ? ClientHandshake::resume(own, *known).value() : ClientHandshake{own};
      ServerHandshake server{credentials, crypto::generate_key_pair(random)};
      const auto reply = server.on_client_hello(client.hello());
      REQUIRE(reply.has_value());
      const auto done = client.on_server_hello(reply->hello, policy, kNow);
      REQUIRE(done.has_value());
      CHECK(done->finish.has_value() != reply->accepted.has_value());
      const AcceptedClient accepted =
          reply->accepted ? *reply->accepted : server.on_client_finish(*done->finish).value();
      CHECK(accepted.payload == payload);
      CHECK(accepted.device_key == own.device.public_key);
      check_talk(done->keys, accepted.keys);
    }
  }
}

TEST_CASE("any flipped bit in the server's key or certificate ends the handshake") {
  const HandshakeMessage original = parsed(known_server_hello());
  const auto flip = [](std::string& field, std::size_t bit) {
    field[bit / 8] = static_cast<char>(field[bit / 8] ^ (1 << (bit % 8)));
  };
  for (std::size_t bit = 0; bit < original.server_hello().static_().size() * 8; ++bit) {
    HandshakeMessage broken = original;
    flip(*broken.mutable_server_hello()->mutable_static_(), bit);
    CHECK_FALSE(client_answers(bytes_of(broken)).has_value());
  }
  for (std::size_t bit = 0; bit < original.server_hello().payload().size() * 8; bit += 5) {
    HandshakeMessage broken = original;
    flip(*broken.mutable_server_hello()->mutable_payload(), bit);
    CHECK_FALSE(client_answers(bytes_of(broken)).has_value());
  }
}

TEST_CASE("a server hello of the wrong shape is refused") {
  const HandshakeMessage original = parsed(known_server_hello());
  const auto refused = [&](auto change) {
    HandshakeMessage broken = original;
    change(*broken.mutable_server_hello());
    return !client_answers(bytes_of(broken)).has_value();
  };
  CHECK(refused([](auto& hello) { hello.clear_ephemeral(); }));
  CHECK(refused([](auto& hello) { hello.mutable_ephemeral()->pop_back(); }));
  CHECK(refused([](auto& hello) { hello.mutable_ephemeral()->push_back('x'); }));
  CHECK(refused([](auto& hello) { hello.mutable_ephemeral()->assign(32, '\0'); }));
  CHECK(refused([](auto& hello) { hello.clear_static_(); }));
  CHECK(refused([](auto& hello) { hello.mutable_static_()->push_back('x'); }));
  CHECK(refused([](auto& hello) { hello.clear_payload(); }));
  CHECK(refused([](auto& hello) { hello.mutable_payload()->resize(16); }));

  CHECK_FALSE(client_answers({}).has_value());
  CHECK_FALSE(client_answers(hex("ffffffff")).has_value());
  CHECK_FALSE(client_answers(ClientHandshake{known_client()}.hello()).has_value());
}

TEST_CASE("unknown fields of a server hello are ignored") {
  Bytes frame = known_server_hello();
  HandshakeMessage message = parsed(frame);
  std::string inner = message.server_hello().SerializeAsString() +
                      "\x22\x03"
                      "abc";  // field 4: extended static
  REQUIRE(message.mutable_server_hello()->ParseFromString(inner));
  CHECK(client_answers(bytes_of(message)).has_value());
}

TEST_CASE("a resuming client refuses garbage and keys of low order") {
  CHECK_FALSE(ClientHandshake::resume(known_client(), crypto::PublicKey{}).has_value());

  auto client = ClientHandshake::resume(known_client(), server_key().public_key).value();
  auto server = known_server();
  HandshakeMessage message = parsed(server.on_client_hello(client.hello()).value().hello);
  message.mutable_server_hello()->mutable_payload()->front() ^= 1;
  CHECK_FALSE(client.on_server_hello(bytes_of(message), known_policy(), kNow).has_value());
}

TEST_CASE("the server refuses broken hellos and a finish out of turn or broken") {
  CHECK_FALSE(known_server().on_client_hello({}).has_value());
  CHECK_FALSE(known_server().on_client_hello(hex("12020a00")).has_value());
  CHECK_FALSE(known_server().on_client_hello(hex("ffff")).has_value());
  CHECK_FALSE(known_server().on_client_finish({}).has_value());

  ClientHandshake client{known_client()};
  auto server = known_server();
  const auto reply = server.on_client_hello(client.hello()).value();
  auto finish = parsed(client.on_server_hello(reply.hello, known_policy(), kNow).value().finish.value());
  finish.mutable_client_finish()->mutable_payload()->back() ^= 1;
  CHECK_FALSE(server.on_client_finish(bytes_of(finish)).has_value());
  finish.mutable_client_finish()->mutable_payload()->back() ^= 1;
  CHECK_FALSE(server.on_client_finish(bytes_of(finish)).has_value());  // one try per handshake
}
