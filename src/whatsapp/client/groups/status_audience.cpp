#include "whatsapp/client/groups/status_audience.h"

#include <algorithm>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/sync/account_book.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::DeviceStore;

namespace {

constexpr std::string_view kRecords = "status_audience";
constexpr std::int64_t kLife = 3 * 86'400;  // seconds; a post lives for one day
constexpr std::size_t kPage = 500;
constexpr std::size_t kMaxContacts = 5000;

Node privacy_query() {
  return Node("iq")
      .with("type", "get")
      .with("xmlns", "status")
      .with("to", Jid::service())
      .add(Node("privacy"));
}

std::vector<Jid> users_of(const Node& list) {
  std::vector<Jid> out;
  for (const Node* user : list.children("user"))
    if (const auto jid = user->jid("jid")) out.push_back(jid->normalized().account());
  return out;
}

const Node* chosen_list(const Node& answer) {
  const Node* privacy = answer.child("privacy");
  if (privacy == nullptr) return nullptr;
  for (const Node* list : privacy->children("list"))
    if (list->attr_is("default", "true")) return list;
  return nullptr;
}

}  // namespace

Task<Result<StatusAudience::Audience>> StatusAudience::of(std::vector<Jid> given) {
  Audience out{std::move(given), "contacts"};
  if (out.accounts.empty()) {
    WA_CO_TRY(const Node answer, co_await parts_.connection.query(privacy_query()));
    const Node* list = chosen_list(answer);
    if (list != nullptr && list->attr_is("type", "whitelist")) {
      out = {users_of(*list), "allowlist"};
    } else {
      WA_CO_TRY(out.accounts, co_await contacts());
      if (list != nullptr && list->attr_is("type", "blacklist")) {
        const auto without = users_of(*list);
        std::erase_if(out.accounts, [&](const Jid& account) {
          return std::ranges::any_of(without, [&](const Jid& other) { return other.same_account(account); });
        });
        out.setting = "denylist";
      }
    }
  }
  for (Jid& account : out.accounts) {
    WA_CO_TRY(account, co_await parts_.lids.canonical(account));
    if (!account.is_pn() || is_own_account(parts_.connection.self(), account)) continue;
    // The feed names people by LID; who is not on WhatsApp sees nothing.
    const auto known = co_await parts_.directory.look_up_number(std::string(account.user()));
    if (known && known->lid) account = lid_jid(*known->lid);
    if (!known && known.error().code == ErrorCode::kClosed) co_return fail(known.error());
    if (!known && known.error().code == ErrorCode::kNotFound) account = Jid{};
  }
  std::erase_if(out.accounts, [this](const Jid& account) {
    return account.user().empty() || is_own_account(parts_.connection.self(), account);
  });
  std::ranges::sort(out.accounts);
  const auto repeated = std::ranges::unique(out.accounts);
  out.accounts.erase(repeated.begin(), repeated.end());
  if (out.accounts.empty()) co_return fail(ErrorCode::kInvalidArgument, "nobody would see this status");
  co_return out;
}

/// The people in the address book, as far as the phone told of them.
Task<Result<std::vector<Jid>>> StatusAudience::contacts() {
  std::vector<Jid> out;
  std::string after;
  for (bool more = true; more && out.size() < kMaxContacts;) {
    auto query = [&after](DeviceStore& device) {
      return device.records(std::string{kContactRecords}, after, kPage);
    };
    WA_CO_TRY(const auto page, co_await parts_.outside.store.read(query));
    more = page.size() == kPage;
    if (more) after = page.back().key;
    for (const auto& row : page) {
      auto jid = Jid::parse(row.key);
      const auto facts = read_contact_record(row.value);
      if (!facts || !facts->in_address_book.value_or(false)) continue;
      if (jid && (jid->is_pn() || jid->is_lid())) out.push_back(jid->normalized().account());
    }
  }
  co_return out;
}

void StatusAudience::remember(const std::string& id, const std::vector<Jid>& accounts,
                              store::Changes& changes) const {
  std::string text;
  for (const Jid& account : accounts) text += account.to_string() + "\n";
  changes.records.push_back(
      {std::string{kRecords}, id, base::to_bytes(text), parts_.connection.unix_seconds() + kLife});
}

Task<Result<bool>> StatusAudience::may_see(std::string id, Jid account) {
  if (is_own_account(parts_.connection.self(), account)) co_return true;
  auto query = [&id](DeviceStore& device) { return device.record(std::string{kRecords}, id); };
  WA_CO_TRY(const auto record, co_await parts_.outside.store.read(query));
  if (!record) co_return false;
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(std::move(account)));
  const std::string lines = "\n" + std::string{base::as_text(*record)};
  co_return lines.find("\n" + canonical.to_string() + "\n") != std::string::npos;
}

}  // namespace whatsapp
