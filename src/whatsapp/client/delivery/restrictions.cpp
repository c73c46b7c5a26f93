#include "whatsapp/client/delivery/restrictions.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace whatsapp {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxJson = 64 * 1024;
constexpr UnixSeconds kUnknownLock = 60;          // the service gave no end
constexpr UnixSeconds kUnknownCycle = 86'400;     // likewise
constexpr UnixSeconds kLongest = 400LL * 86'400;  // an end further away than this is no time
constexpr std::size_t kMaxWord = 64;

const Json* member(const Json& object, const char* field) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(field);
  return found == object.end() ? nullptr : &*found;
}

std::string word_of(const Json& object, const char* field) {
  const Json* value = member(object, field);
  return value != nullptr && value->is_string() ? value->get<std::string>().substr(0, kMaxWord)
                                                : std::string{};
}

/// Unix seconds as number or as text; 0 if absent or nonsense.
UnixSeconds time_of(const Json& object, const char* field) {
  const Json* value = member(object, field);
  if (value == nullptr) return 0;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) return 0;
  const auto& text = value->get_ref<const std::string&>();
  UnixSeconds out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? out : 0;
}

bool true_at(const Json& object, const char* field) {
  const Json* value = member(object, field);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

ReachOutLock read_lock(const Json& json, UnixSeconds now) {
  ReachOutLock out;
  out.kind = word_of(json, "enforcement_type");
  if (!true_at(json, "is_active") || out.kind == "DEFAULT") return out;
  out.active = ReachOutLock::Active::kYes;
  out.until = time_of(json, "time_enforcement_ends");
  if (out.until <= 0) out.until = now + kUnknownLock;
  out.until = std::min(out.until, now + kLongest);
  return out;
}

NewChatCap read_cap(const Json& json, UnixSeconds now) {
  NewChatCap out;
  out.word = word_of(json, "capping_status");
  if (out.word == "CAPPED") out.status = NewChatCap::Status::kCapped;
  if (out.word == "FIRST_WARNING" || out.word == "SECOND_WARNING") out.status = NewChatCap::Status::kWarning;
  out.cycle_ends = std::min(time_of(json, "cycle_end_timestamp"), now + kLongest);
  return out;
}

void read_update(std::string_view text, UnixSeconds now, RestrictionNews& out) {
  if (text.size() > kMaxJson) return;
  const Json json = Json::parse(text, nullptr, false);
  const Json* data = member(json, "data");
  if (data == nullptr) return;
  if (const Json* lock = member(*data, "xwa2_notify_account_reachout_timelock"))
    out.lock = read_lock(*lock, now);
  if (const Json* cap = member(*data, "xwa2_notify_new_chat_messages_capping_info_update"))
    out.cap = read_cap(*cap, now);
}

}  // namespace

std::optional<UnixSeconds> Restrictions::until(UnixSeconds now) const {
  const UnixSeconds end = std::max({locked_until, paused_until, capped_until});
  if (end <= now) return std::nullopt;
  return end;
}

base::Bytes to_bytes(const Restrictions& restrictions) {
  const Json json{{"locked_until", restrictions.locked_until},
                  {"paused_until", restrictions.paused_until},
                  {"capped_until", restrictions.capped_until},
                  {"lock_kind", restrictions.lock_kind},
                  {"slow", restrictions.warning == Restrictions::Warning::kSlowDown}};
  return base::to_bytes(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Restrictions restrictions_from_bytes(base::ByteView bytes) {
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  Restrictions out;
  out.locked_until = time_of(json, "locked_until");
  out.paused_until = time_of(json, "paused_until");
  out.capped_until = time_of(json, "capped_until");
  out.lock_kind = word_of(json, "lock_kind");
  if (true_at(json, "slow")) out.warning = Restrictions::Warning::kSlowDown;
  return out;
}

RestrictionNews read_restriction_news(const binary::Node& notification, UnixSeconds now) {
  RestrictionNews out;
  for (const binary::Node& child : notification.children())
    if (child.tag() == "update" || child.tag() == "mex") read_update(child.text(), now, out);
  return out;
}

Restrictions after(Restrictions before, const RestrictionNews& news, UnixSeconds now) {
  if (news.lock) {
    before.locked_until = news.lock->until;
    before.lock_kind = news.lock->active == ReachOutLock::Active::kYes ? news.lock->kind : "";
  }
  if (news.cap) {
    using Status = NewChatCap::Status;
    before.capped_until = 0;
    if (news.cap->status == Status::kCapped)
      before.capped_until = news.cap->cycle_ends > now ? news.cap->cycle_ends : now + kUnknownCycle;
    before.warning =
        news.cap->status == Status::kNone ? Restrictions::Warning::kNone : Restrictions::Warning::kSlowDown;
  }
  return before;
}

}  // namespace whatsapp
