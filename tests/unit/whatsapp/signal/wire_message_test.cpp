#include "whatsapp/signal/wire_message.h"

#include <doctest/doctest.h>

#include "proto/signal.pb.h"
#include "unit/whatsapp/signal/known_keys.h"
#include "unit/whatsapp/signal/test_device.h"

using namespace whatsapp::signal;
using base::Bytes;

namespace {

const char* const kKnownMessage =
    "330a2105a7244b29b9c7ae5475592379168f21b852ef340d91727086e25ae8fbaa2cae39100018002210ea713ce94b10173cb00b"
    "ce68"
    "f5275563060bf72b78cb3c7f";

whatsapp::proto::SignalMessage good_fields() {
  whatsapp::proto::SignalMessage fields;
  const Bytes wire = known::hex(kKnownMessage);
  REQUIRE(fields.ParseFromArray(wire.data() + 1, static_cast<int>(wire.size() - 9)));
  return fields;
}

Bytes wire_of(const whatsapp::proto::SignalMessage& fields) {
  const std::string body = fields.SerializeAsString();
  return base::concat(Bytes{0x33}, base::as_bytes(body), Bytes(8, 0xAA));
}

template <class Edit>
DecryptError error_after(Edit edit) {
  auto fields = good_fields();
  edit(fields);
  const auto parsed = SignalMessage::parse(wire_of(fields));
  REQUIRE(!parsed);
  return parsed.error();
}

}  // namespace

TEST_CASE("the known message is read field by field") {
  const Bytes wire = known::hex(kKnownMessage);
  const auto message = SignalMessage::parse(wire);
  REQUIRE(message.has_value());
  CHECK(message->ratchet_key == known::pair("alice ratchet").public_key);
  CHECK(message->counter == 0);
  CHECK(message->ciphertext.size() == 16);
  CHECK(message->authenticated.size() == 58);
  CHECK(base::to_hex(message->mac) == "060bf72b78cb3c7f");
}

TEST_CASE("counters are written even when they are 0") {
  const auto encoded = encode_signal_message(known::pair("alice ratchet").public_key, 0, 0, Bytes(16, 1));
  CHECK(base::to_hex(base::ByteView{encoded}.subspan(36, 4)) == "10001800");
}

TEST_CASE("any low nibble of the version byte is read; another version is not") {
  Bytes wire = known::hex(kKnownMessage);
  for (std::uint8_t version : {0x30, 0x32, 0x34, 0x3F}) {
    wire[0] = version;
    CHECK(SignalMessage::parse(wire).has_value());
  }
  for (std::uint8_t version : {0x00, 0x22, 0x23, 0x43, 0xF3}) {
    wire[0] = version;
    CHECK(SignalMessage::parse(wire).error() == DecryptError::kInvalidMessage);
  }
}

TEST_CASE("a message without one of its fields is invalid") {
  CHECK(error_after([](auto& f) { f.clear_ratchet_key(); }) == DecryptError::kInvalidMessage);
  CHECK(error_after([](auto& f) { f.clear_counter(); }) == DecryptError::kInvalidMessage);
  CHECK(error_after([](auto& f) { f.clear_ciphertext(); }) == DecryptError::kInvalidMessage);
  auto fields = good_fields();
  fields.clear_previous_counter();
  CHECK(SignalMessage::parse(wire_of(fields)).has_value());
}

TEST_CASE("a ciphertext is whole blocks and at least one") {
  for (std::size_t size : {0, 1, 15, 17, 31})
    CHECK(error_after([&](auto& f) { f.set_ciphertext(std::string(size, 'x')); }) ==
          DecryptError::kInvalidMessage);
}

TEST_CASE("a ratchet key has 33 bytes and type 5") {
  CHECK(error_after([](auto& f) { f.mutable_ratchet_key()->pop_back(); }) == DecryptError::kInvalidKey);
  CHECK(error_after([](auto& f) { f.mutable_ratchet_key()->push_back('x'); }) == DecryptError::kInvalidKey);
  CHECK(error_after([](auto& f) { (*f.mutable_ratchet_key())[0] = 4; }) == DecryptError::kInvalidKey);
}

TEST_CASE("truncated and garbled messages are invalid, never a crash") {
  const Bytes wire = known::hex(kKnownMessage);
  for (std::size_t size = 0; size < wire.size(); ++size)
    CHECK(!SignalMessage::parse(base::ByteView{wire}.first(size)));
  // A length of 10 MB, a varint that never ends, field number 0, a group that is not closed.
  for (const char* body : {"0a80ade204", "10ffffffffffffffffffffff01", "0001", "0b", "0e", "0f"}) {
    const Bytes bad = base::concat(Bytes{0x33}, known::hex(body), Bytes(8, 0));
    CHECK(SignalMessage::parse(bad).error() == DecryptError::kInvalidMessage);
    CHECK(PreKeySignalMessage::parse(bad).error() == DecryptError::kInvalidMessage);
  }
}

TEST_CASE("a pre-key message without one-time key, or with id 0, names none") {
  PreKeySignalMessage message;
  message.signed_pre_key_id = 9;
  message.message = {1, 2, 3};
  auto read = PreKeySignalMessage::parse(message.encode());
  REQUIRE(read.has_value());
  CHECK(!read->pre_key_id);
  message.pre_key_id = 0;
  read = PreKeySignalMessage::parse(message.encode());
  REQUIRE(read.has_value());
  CHECK(!read->pre_key_id);
  CHECK(read->signed_pre_key_id == 9);
}

TEST_CASE(
    "a pre-key message needs its keys, its inner message and the signed pre-key; the registration id not") {
  PreKeySignalMessage message;
  message.message = {1};
  const Bytes wire = message.encode();
  whatsapp::proto::PreKeySignalMessage good;
  REQUIRE(good.ParseFromArray(wire.data() + 1, static_cast<int>(wire.size() - 1)));
  const auto parse = [](const whatsapp::proto::PreKeySignalMessage& fields) {
    return PreKeySignalMessage::parse(base::concat(Bytes{0x33}, base::as_bytes(fields.SerializeAsString())));
  };
  CHECK(parse(good).has_value());
  for (int field = 0; field < 5; ++field) {
    auto fields = good;
    if (field == 0) fields.clear_base_key();
    if (field == 1) fields.clear_identity_key();
    if (field == 2) fields.clear_message();
    if (field == 3) fields.clear_signed_pre_key_id();
    if (field == 4) fields.clear_registration_id();
    CHECK(parse(fields).has_value() == (field == 4));
  }
  auto short_key = good;
  short_key.mutable_identity_key()->pop_back();
  CHECK(parse(short_key).error() == DecryptError::kInvalidKey);
}
