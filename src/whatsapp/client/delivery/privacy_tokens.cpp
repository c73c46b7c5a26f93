#include "whatsapp/client/delivery/privacy_tokens.h"

#include <algorithm>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/desk_parts.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMostAtOnce = 16;     // issues under way; more wait for the next message
constexpr base::Duration kPatience = 5min;  // nobody waits for them

store::RecordRow row_of(const Jid& canonical, const PrivacyToken& token) {
  return {kPrivacyTokenKind, std::string{canonical.user()}, to_bytes(token), token.useless_from()};
}

}  // namespace

bool PrivacyTokens::concerns(const Jid& person) const {
  if (!person.is_pn() && !person.is_lid()) return false;
  const bool nobody = person.user().empty() || person.user() == "0" || person.is_bot();
  return !nobody && !is_own_account(parts_.connection.self(), person);
}

/// Tokens that came while only the number was known are found under it.
Task<Result<PrivacyToken>> PrivacyTokens::load(Jid canonical) {
  std::vector<std::string> keys{std::string{canonical.user()}};
  if (canonical.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(keys.front()));
    if (pn) keys.push_back(*pn);
  }
  auto query = [&keys](DeviceStore& device) -> Result<PrivacyToken> {
    PrivacyToken out;
    for (const std::string& key : keys) {
      WA_TRY(const auto row, device.record(kPrivacyTokenKind, key));
      if (!row) continue;
      const PrivacyToken found = privacy_token_from_bytes(*row);
      out.update(found.token, found.made_at);
      out.issued_at = std::max(out.issued_at, found.issued_at);
    }
    return out;
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<std::optional<base::Bytes>>> PrivacyTokens::token_of(Jid person) {
  if (!concerns(person)) co_return std::nullopt;
  WA_CO_TRY(Jid canonical, co_await parts_.lids.canonical(std::move(person)));
  WA_CO_TRY(PrivacyToken token, co_await load(std::move(canonical)));
  if (!token.usable(parts_.connection.unix_seconds())) co_return std::nullopt;
  co_return std::optional<base::Bytes>{std::move(token.token)};
}

Task<Result<std::vector<Node>>> PrivacyTokens::nodes_for(Jid to) {
  std::vector<Node> out;
  if (!concerns(to)) co_return out;
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(std::move(to)));
  WA_CO_TRY(const PrivacyToken token, co_await load(canonical));
  if (token.usable(parts_.connection.unix_seconds())) {
    out.push_back(Node("tctoken").bytes(base::ByteView{token.token}));
    co_return out;
  }
  if (!canonical.is_lid()) co_return out;
  auto query = [](DeviceStore& device) { return device.value(kNctSaltValue); };
  WA_CO_TRY(const auto salt, co_await parts_.outside.store.read(query));
  if (salt && !salt->empty()) {
    const auto fallback = fallback_token(*salt, canonical);
    out.push_back(Node("cstoken").bytes(base::ByteView{fallback}));
  }
  co_return out;
}

// ---- ours -----------------------------------------------------------------------------------------------

void PrivacyTokens::issue_if_due(Jid to) { begin_issue(std::move(to), Occasion::kIfDue); }
void PrivacyTokens::issue_now(Jid to) { begin_issue(std::move(to), Occasion::kNow); }
void PrivacyTokens::issue_again(Jid to) { begin_issue(std::move(to), Occasion::kSameDate); }

void PrivacyTokens::begin_issue(Jid to, Occasion occasion) {
  if (!parts_.connection.attached() || !concerns(to) || being_issued_.size() >= kMostAtOnce) return;
  parts_.connection.scope().spawn(issue(std::move(to), occasion));
}

Task<void> PrivacyTokens::issue(Jid to, Occasion occasion) {
  const auto canonical = co_await parts_.lids.canonical(std::move(to));
  if (!canonical) co_return;
  const std::string key = canonical->to_string();
  if (!being_issued_.insert(key).second) co_return;
  const auto issued = co_await issue_to(*canonical, occasion);
  being_issued_.erase(key);
  if (!issued)
    parts_.outside.log.debug("a privacy token was not issued", {{"error", issued.error().message}});
}

Task<Result<void>> PrivacyTokens::issue_to(Jid canonical, Occasion occasion) {
  const UnixSeconds now = parts_.connection.unix_seconds();
  WA_CO_TRY(const PrivacyToken known, co_await load(canonical));
  if (occasion == Occasion::kIfDue && !known.issue_due(now)) co_return Result<void>{};
  UnixSeconds date = now;
  if (occasion == Occasion::kSameDate) {
    const PrivacyToken ours{{}, 0, known.issued_at};
    if (known.issued_at == 0 || now >= ours.useless_from()) co_return Result<void>{};
    date = known.issued_at;
  }
  Node query = issue_token_query(canonical, date);
  WA_CO_TRY(Node answer,
            co_await budgeted_query(parts_.connection, parts_.budget, QueryBudget::Kind::kPrivacy,
                                    std::move(query), kPatience, QueryBudget::Urgency::kBackground));
  co_return co_await save_answer(std::move(canonical), std::move(answer), date);
}

Task<Result<void>> PrivacyTokens::save_answer(Jid canonical, Node answer, UnixSeconds issued_at) {
  WA_CO_TRY(PrivacyToken token, co_await load(canonical));  // a notification may have come in between
  token.issued_at = std::max(token.issued_at, issued_at);
  if (const auto received = read_privacy_token(answer)) token.update(received->token, received->made_at);
  Changes changes;
  changes.records.push_back(row_of(canonical, token));
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

// ---- theirs ---------------------------------------------------------------------------------------------

Task<Result<void>> PrivacyTokens::learn(Jid owner, base::Bytes token, UnixSeconds made_at,
                                        UnixSeconds issued_at, Changes& changes) {
  if (!concerns(owner)) co_return Result<void>{};
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(std::move(owner)));
  WA_CO_TRY(PrivacyToken known, co_await load(canonical));
  const bool newer = known.update(token, made_at);
  if (!newer && issued_at <= known.issued_at) co_return Result<void>{};
  known.issued_at = std::max(known.issued_at, issued_at);
  changes.records.push_back(row_of(canonical, known));
  co_return Result<void>{};
}

/// The `jid` on the token itself is our own and says nothing.
Task<Result<void>> PrivacyTokens::take(const Node& notification, Changes& changes) {
  auto received = read_privacy_token(notification);
  const auto from = notification.jid("from");
  const auto by_lid = notification.jid("sender_lid");
  if (!received || !from) co_return Result<void>{};
  const Jid owner =
      by_lid && by_lid->is_lid() ? by_lid->normalized().account() : from->normalized().account();
  co_return co_await learn(owner, std::move(received->token), received->made_at, 0, changes);
}

}  // namespace whatsapp
