// hkdf_aes.json also holds two small formats of higher rooms: the padding of messages and the alphabet of
// the pairing code. They stand apart so that the crypto room's own tests need no higher room.
#include "base/random.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/message/padding.h"
#include "whatsapp/pairing/pairing_code.h"

namespace vector_check {
namespace {

using base::Bytes;
using nlohmann::json;

/// Draws one byte over and over.
class OneByte final : public base::Random {
 public:
  explicit OneByte(std::uint8_t byte) : byte_(byte) {}
  void fill(base::MutableByteView out) override { std::fill(out.begin(), out.end(), byte_); }

 private:
  std::uint8_t byte_;
};

/// Whether our padding, whatever byte it draws, can come out as this.
bool can_pad_to(const Bytes& message, const Bytes& padded) {
  for (int byte = 0; byte < 256; ++byte) {
    OneByte random{static_cast<std::uint8_t>(byte)};
    if (whatsapp::message::pad(message, random) == padded) return true;
  }
  return false;
}

void check_padding(const json& entry, Case& check) {
  constexpr std::size_t kMostWeAdd = 16;
  const Bytes message = hex_bytes(entry, "message");
  const Bytes padded = hex_bytes(entry, "padded");
  const auto unpadded = whatsapp::message::unpad(padded);
  check.expect_success(unpadded, "unpads");
  if (unpadded) check.expect_equal(*unpadded, message, "message");
  if (entry.at("pad").get<std::size_t>() <= kMostWeAdd)
    check.expect(can_pad_to(message, padded), "our padding never looks like this");
}

void check_alphabet(const json& entry, Case& check) {
  check.expect_equal(whatsapp::pairing::encode_code(fixed_hex<5>(entry, "bytes")), text(entry, "code"),
                     "code");
}

}  // namespace

Outcome run_hkdf_aes(const json& file) {
  Report report;
  for_each_case(file, "message_padding", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_padding(entry, check); });
  });
  for_each_case(file, "crockford", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_alphabet(entry, check); });
  });
  Outcome outcome = report.take();
  Outcome primitives = run_primitives(file);
  outcome.passed += primitives.passed;
  outcome.failures.insert(outcome.failures.end(), primitives.failures.begin(), primitives.failures.end());
  return outcome;
}

}  // namespace vector_check
