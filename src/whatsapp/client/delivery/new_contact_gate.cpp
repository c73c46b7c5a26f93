#include "whatsapp/client/delivery/new_contact_gate.h"

#include <algorithm>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/delivery/contact_book.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/send_verdict.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

// Records of kind "stranger_refused", key: user, value: 8 bytes, when.
constexpr const char* kRefusedKind = "stranger_refused";
constexpr UnixSeconds kRefusedFor = 24 * 3600;
constexpr UnixSeconds kRefusalKept = 30 * 24 * 3600;  // a longer lock looks back as far
constexpr UnixSeconds kRefusalWindow = 600;
constexpr UnixSeconds kPause = 3600;
constexpr UnixSeconds kCapPause = 24 * 3600;
constexpr base::Duration kPatience = 60s;
constexpr double kSlowed = 0.5;

std::unexpected<base::Error> closed_for_strangers(const std::string& why) {
  return fail(ErrorCode::kUnavailable, "no first messages now: " + why, kReachOutLocked);
}

}  // namespace

/// What speaks for a person being no stranger.
struct NewContactGate::Evidence {
  enum class Relation { kStranger, kSharesSession, kKnowsUs } relation = Relation::kStranger;
  UnixSeconds refused_at = 0;  // by the service; 0: never
};

Task<Result<NewContactGate::Evidence>> NewContactGate::evidence_of(Jid canonical) {
  std::vector<std::string> users{std::string{canonical.user()}};
  if (canonical.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(users.front()));
    if (pn) users.push_back(*pn);
  }
  const UnixSeconds now = parts_.connection.unix_seconds();
  const auto address = address_of(canonical);
  auto query = [&](DeviceStore& device) -> Result<Evidence> {
    using Relation = Evidence::Relation;
    Evidence out;
    if (address) {
      WA_TRY(const auto session, device.session(*address));
      if (session) out.relation = Relation::kSharesSession;
    }
    for (const std::string& user : users) {
      WA_TRY(const auto wrote, device.record(kAcquaintanceKind, user));
      if (wrote) out.relation = Relation::kKnowsUs;
      WA_TRY(const auto token, device.record(kPrivacyTokenKind, user));
      if (token && privacy_token_from_bytes(*token).usable(now)) out.relation = Relation::kKnowsUs;
      WA_TRY(const auto refused, device.record(kRefusedKind, user));
      if (!refused || refused->size() != 8) continue;
      out.refused_at = std::max(out.refused_at, static_cast<UnixSeconds>(base::read_big_endian(*refused)));
    }
    return out;
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<Restrictions>> NewContactGate::restrictions() {
  if (restrictions_) co_return *restrictions_;
  auto query = [](DeviceStore& device) { return device.value(kRestrictionsValue); };
  WA_CO_TRY(const auto value, co_await parts_.outside.store.read(query));
  if (!restrictions_) restrictions_ = value ? restrictions_from_bytes(*value) : Restrictions{};
  obey_warning(*restrictions_);
  co_return *restrictions_;
}

Task<Result<void>> NewContactGate::admit(Jid to) {
  if ((!to.is_pn() && !to.is_lid()) || is_own_account(parts_.connection.self(), to)) co_return Result<void>{};
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(std::move(to)));
  const std::string user{canonical.user()};
  if (acquainted_.find(user) != nullptr) co_return Result<void>{};

  WA_CO_TRY(const Evidence evidence, co_await evidence_of(canonical));
  if (evidence.relation == Evidence::Relation::kKnowsUs) {
    acquainted_.put(user, true);
    co_return Result<void>{};
  }
  const UnixSeconds now = parts_.connection.unix_seconds();
  WA_CO_TRY(const Restrictions held, co_await restrictions());
  const auto until = held.until(now);
  const bool refused_before = evidence.refused_at != 0 && (until || now - evidence.refused_at < kRefusedFor);
  if (refused_before) co_return closed_for_strangers("the service refused one to this person");
  if (evidence.relation == Evidence::Relation::kSharesSession) co_return Result<void>{};
  if (until) co_return closed_for_strangers("restricted until " + std::to_string(*until));
  const auto wait = parts_.budget.reserve(QueryBudget::Kind::kNewContact, kPatience);
  if (!wait) co_return fail(ErrorCode::kUnavailable, "too many first messages, retry later", 429);
  if (*wait > base::Duration::zero()) WA_CO_TRY_VOID(co_await parts_.connection.pause(*wait));
  co_return Result<void>{};
}

Task<Result<void>> NewContactGate::note_refusal(Jid to, int code) {
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(std::move(to)));
  WA_CO_TRY(Restrictions next, co_await restrictions());
  const UnixSeconds now = parts_.connection.unix_seconds();
  const std::string user{canonical.user()};
  acquainted_.erase(user);
  while (!refused_.empty() && now - refused_.front().first > kRefusalWindow) refused_.pop_front();
  std::erase_if(refused_, [&user](const auto& entry) { return entry.second == user; });
  refused_.emplace_back(now, user);

  Changes changes;
  const auto date = base::big_endian<8>(static_cast<std::uint64_t>(now));
  changes.records.push_back({kRefusedKind, user, base::to_bytes(base::ByteView{date}), now + kRefusalKept});
  if (code == kNewChatsCapped && next.capped_until <= now) next.capped_until = now + kCapPause;
  if (refused_.size() >= kRefusalsBeforePause) {
    next.paused_until = now + kPause;
    refused_.clear();
  }
  if (next != *restrictions_) stage(std::move(next), changes);
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  parts_.outside.sink.staged();
  co_return Result<void>{};
}

Task<Result<void>> NewContactGate::take(const binary::Node& notification, Changes& changes) {
  const UnixSeconds now = parts_.connection.unix_seconds();
  const RestrictionNews news = read_restriction_news(notification, now);
  if (!news.lock && !news.cap) co_return Result<void>{};
  WA_CO_TRY(Restrictions before, co_await restrictions());
  Restrictions next = after(before, news, now);
  if (news.cap && next != before) {
    AccountChange told{.what = "new_chat_cap", .value = news.cap->word, .at = now};
    if (next.capped_until > now) told.until = next.capped_until;
    parts_.outside.sink.stage_event(told, changes);
  }
  if (next != before) stage(std::move(next), changes);
  co_return Result<void>{};
}

void NewContactGate::stage(Restrictions next, Changes& changes) {
  const UnixSeconds now = parts_.connection.unix_seconds();
  AccountChange told{.what = "reachout_timelock", .value = next.lock_kind, .at = now};
  if (const auto until = next.until(now)) told.until = *until;
  parts_.outside.sink.stage_event(told, changes);
  parts_.outside.log.warn("what may be written to new contacts has changed",
                          {{"until", told.until.value_or(0)}, {"kind", told.value}});
  changes.values.emplace_back(kRestrictionsValue, to_bytes(next));
  obey_warning(next);
  restrictions_ = std::move(next);
}

void NewContactGate::obey_warning(const Restrictions& restrictions) {
  const bool slow = restrictions.warning == Restrictions::Warning::kSlowDown;
  parts_.budget.slow_down(QueryBudget::Kind::kNewContact, slow ? kSlowed : 1.0);
}

void NewContactGate::clear() {
  acquainted_.clear();
  restrictions_.reset();
}

}  // namespace whatsapp
