#include "whatsapp/client/encrypted_payloads.h"

#include <algorithm>
#include <string_view>

namespace whatsapp {
namespace {

using Kind = EncryptedPayload::Kind;

std::expected<Kind, Refusal> kind_of(const binary::Node& enc, MessageSource::Route route) {
  if (enc.attr_is("v", "3")) return std::unexpected(Refusal::kInvalidProtobuf);
  if (!enc.attr_is("v", "2")) return std::unexpected(Refusal::kUnknownStanza);
  if (enc.attr_is("type", "pkmsg")) return Kind::kPreKeyMessage;
  if (enc.attr_is("type", "msg")) return Kind::kMessage;
  if (enc.attr_is("type", "msmsg")) return std::unexpected(Refusal::kMissingMessageSecret);
  const bool shared = route == MessageSource::Route::kShared;
  if (enc.attr_is("type", "skmsg") && shared) return Kind::kSenderKeyMessage;
  return std::unexpected(Refusal::kUnknownType);
}

}  // namespace

std::expected<std::vector<EncryptedPayload>, Refusal> encrypted_payloads(const binary::Node& message,
                                                                         MessageSource::Route route) {
  std::vector<EncryptedPayload> out;
  Refusal refusal = Refusal::kUnknownStanza;
  for (const binary::Node* enc : message.children("enc")) {
    const auto kind = kind_of(*enc, route);
    if (!kind) {
      refusal = kind.error();
    } else if (out.size() < kMaxPayloads) {
      out.push_back({*kind, enc->bytes(), enc->number("count").value_or(0)});
    }
  }
  if (out.empty()) return std::unexpected(refusal);
  std::ranges::stable_partition(
      out, [](const EncryptedPayload& payload) { return payload.kind != Kind::kSenderKeyMessage; });
  return out;
}

}  // namespace whatsapp
