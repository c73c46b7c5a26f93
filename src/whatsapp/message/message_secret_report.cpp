#include "whatsapp/message/message_secret_report.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "whatsapp/message/content.h"

namespace whatsapp::message {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

enum class Keep { kWhole, kChosenInside, kAsMessage };

struct Rule {
  std::uint32_t field;
  Keep keep = Keep::kWhole;
  std::span<const Rule> inside = {};
};

constexpr Rule inside(std::uint32_t field, std::span<const Rule> rules) {
  return {field, Keep::kChosenInside, rules};
}
constexpr Rule message_at(std::uint32_t field) { return {field, Keep::kAsMessage}; }

constexpr Rule kForwarding[] = {{21}, {22}};
constexpr Rule kContext = inside(17, kForwarding);

constexpr Rule kImage[] = {{2}, {3}, {8}, {11}, kContext, {25}};
constexpr Rule kContact[] = {{1}, {16}, kContext};
constexpr Rule kLocation[] = {{3}, {4}, {5}, {16}, kContext};
constexpr Rule kExtendedText[] = {{1}, kContext, {30}};
constexpr Rule kDocument[] = {{2}, {7}, {10}, kContext, {20}};
constexpr Rule kAudio[] = {{2}, {7}, {9}, kContext, {21}};
constexpr Rule kVideo[] = {{2}, {6}, {7}, {13}, kContext, {20}};
constexpr Rule kProtocol[] = {{1}, {2}, message_at(14), {15}};
constexpr Rule kLiveLocation[] = {{6}, {16}, kContext};
constexpr Rule kSticker[] = {{4}, {5}, {8}, {13}, kContext};
constexpr Rule kGroupInvite[] = {{1}, {2}, {4}, {5}, {6}, inside(7, kForwarding)};
constexpr Rule kWrapper[] = {message_at(1)};
constexpr Rule kPollOption[] = {{1}, {2}};
constexpr Rule kPoll[] = {{2}, inside(3, kPollOption), inside(5, kForwarding), inside(8, kPollOption)};
constexpr Rule kPollVotes[] = {{1}};
constexpr Rule kPollResult[] = {{1}, inside(2, kPollVotes), inside(3, kForwarding)};

constexpr Rule kMessage[] = {
    {1},
    inside(3, kImage),
    inside(4, kContact),
    inside(5, kLocation),
    inside(6, kExtendedText),
    inside(7, kDocument),
    inside(8, kAudio),
    inside(9, kVideo),
    inside(12, kProtocol),
    inside(18, kLiveLocation),
    inside(26, kSticker),
    inside(28, kGroupInvite),
    inside(37, kWrapper),
    inside(49, kPoll),
    inside(53, kWrapper),
    inside(55, kWrapper),
    inside(58, kWrapper),
    inside(59, kWrapper),
    inside(60, kPoll),
    inside(64, kPoll),
    inside(66, kVideo),
    inside(74, kWrapper),
    inside(87, kWrapper),
    inside(88, kPollResult),
    inside(92, kWrapper),
    inside(93, kWrapper),
    inside(94, kWrapper),
};

/// reactionMessage, pollUpdateMessage, encReactionMessage, encEventResponseMessage.
constexpr std::uint32_t kFieldsWithoutToken[] = {46, 50, 56, 76};

struct Field {
  std::uint32_t number = 0;
  ByteView whole;    // tag and all
  ByteView content;  // of a length-delimited field
  bool length_delimited = false;
};

std::size_t position(const CodedInputStream& input) {
  return static_cast<std::size_t>(input.CurrentPosition());
}

/// The length-delimited value inside a field, tag and length taken off.
ByteView content_of(ByteView whole) {
  CodedInputStream input(whole.data(), static_cast<int>(whole.size()));
  std::uint32_t length = 0;
  input.ReadTag();
  if (!input.ReadVarint32(&length)) return {};
  return whole.last(std::min<std::size_t>(length, whole.size()));
}

Result<std::vector<Field>> fields_of(ByteView message) {
  if (message.size() > INT_MAX) return fail(ErrorCode::kLimit, "message too long");
  CodedInputStream input(message.data(), static_cast<int>(message.size()));
  std::vector<Field> out;
  for (;;) {
    const std::size_t begin = position(input);
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0 && begin == message.size()) return out;
    if (tag == 0 || !WireFormatLite::SkipField(&input, tag))
      return fail(ErrorCode::kMalformed, "message is malformed");
    Field field;
    field.number = tag >> 3;
    field.whole = message.subspan(begin, position(input) - begin);
    field.length_delimited = (tag & 7) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (field.length_delimited) field.content = content_of(field.whole);
    out.push_back(field);
  }
}

void append_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

const Rule* rule_for(std::span<const Rule> rules, std::uint32_t field) {
  const auto found = std::ranges::find(rules, field, &Rule::field);
  return found == rules.end() ? nullptr : &*found;
}

Result<Bytes> chosen(ByteView message, std::span<const Rule> rules, std::size_t depth);

/// Empty if nothing of the field is kept.
Result<Bytes> chosen_of(const Field& field, const Rule& rule, std::size_t depth) {
  if (rule.keep == Keep::kWhole) return base::to_bytes(field.whole);
  if (!field.length_delimited) return Bytes{};
  const std::span<const Rule> rules =
      rule.keep == Keep::kAsMessage ? std::span<const Rule>{kMessage} : rule.inside;
  WA_TRY(const Bytes content, chosen(field.content, rules, depth + 1));
  if (content.empty()) return Bytes{};
  Bytes out;
  append_varint(out, (std::uint64_t{field.number} << 3) | WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  append_varint(out, content.size());
  base::append(out, content);
  return out;
}

Result<Bytes> chosen(ByteView message, std::span<const Rule> rules, std::size_t depth) {
  // A message inside a message is two levels: its wrapper and itself.
  if (depth > 2 * kMaxNesting) return fail(ErrorCode::kLimit, "messages nested too deep");
  WA_TRY(const std::vector<Field> fields, fields_of(message));
  std::vector<std::pair<std::uint32_t, Bytes>> kept;
  for (const Field& field : fields) {
    const Rule* rule = rule_for(rules, field.number);
    if (rule == nullptr) continue;
    WA_TRY(Bytes content, chosen_of(field, *rule, depth));
    kept.emplace_back(field.number, std::move(content));
  }
  std::ranges::stable_sort(kept, {}, &std::pair<std::uint32_t, Bytes>::first);
  Bytes out;
  for (const auto& [number, content] : kept) base::append(out, content);
  return out;
}

}  // namespace

base::FixedBytes<32> reporting_key(const MessageSecret& secret, const ReportedMessage& about) {
  const std::string info = std::string{about.id} + about.sender.bare().to_string() +
                           about.remote.bare().to_string() + "Report Token";
  base::FixedBytes<32> key;
  crypto::hkdf_sha256_into(key, secret, {}, info);
  return key;
}

Result<Bytes> reporting_content(ByteView message) { return chosen(message, kMessage, 0); }

Result<std::optional<ReportingToken>> reporting_token(ByteView message, const MessageSecret& secret,
                                                      const ReportedMessage& about) {
  WA_TRY(const std::vector<Field> fields, fields_of(message));
  for (const Field& field : fields)
    if (std::ranges::find(kFieldsWithoutToken, field.number) != std::end(kFieldsWithoutToken))
      return std::nullopt;
  WA_TRY(const Bytes content, reporting_content(message));
  if (content.empty()) return std::nullopt;
  const auto mac = crypto::hmac_sha256(reporting_key(secret, about), content);
  return base::to_fixed<16>(base::ByteView{mac}.first(16));
}

}  // namespace whatsapp::message
