#include "whatsapp/client/add_ons/secret_book.h"

#include <algorithm>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/message/kept_parts.h"

namespace whatsapp {

using base::Bytes;
using base::Result;
using binary::Jid;
using message::AccountForms;
using runtime::Task;
using store::Changes;
using store::DeviceStore;

namespace {

constexpr const char* kSecrets = "message_secret";
constexpr const char* kPolls = "poll";
constexpr std::size_t kSecretSize = message::MessageSecret{}.size();

std::string key_of(const std::string& chat, const std::string& author, const std::string& id) {
  return chat + "|" + author + "|" + id;
}

/// The LID first, then the number, then whatever else it is (a group).
std::vector<std::string> names_of(const AccountForms& forms) {
  std::vector<std::string> out;
  for (const Jid& jid : {forms.lid, forms.pn, forms.at_hand}) {
    std::string text = jid.empty() ? std::string{} : jid.account().to_string();
    if (!text.empty() && std::ranges::find(out, text) == out.end()) out.push_back(std::move(text));
  }
  return out;
}

RememberedMessage read_secret(const Bytes& row) {
  RememberedMessage out;
  out.secret = base::to_fixed<kSecretSize>(base::ByteView{row}.first(kSecretSize));
  const std::string author = base::to_string(base::ByteView{row}.subspan(kSecretSize));
  if (auto jid = Jid::parse(author)) out.author = *std::move(jid);
  return out;
}

}  // namespace

Task<Result<AccountForms>> forms_of(DeskParts& parts, Jid account) {
  AccountForms out;
  out.at_hand = account.normalized().account();
  if (is_own_account(parts.connection.self(), out.at_hand)) {
    out.pn = parts.connection.self().pn.account();
    if (!parts.connection.self().lid.user().empty()) out.lid = parts.connection.self().lid.account();
    co_return out;
  }
  if (out.at_hand.is_pn()) {
    out.pn = out.at_hand;
    WA_CO_TRY(const auto lid, co_await parts.lids.lid_of(std::string(out.at_hand.user())));
    if (lid) out.lid = lid_jid(*lid);
  } else if (out.at_hand.is_lid()) {
    out.lid = out.at_hand;
    WA_CO_TRY(const auto pn, co_await parts.lids.pn_of(std::string(out.at_hand.user())));
    if (pn) out.pn = pn_jid(*pn);
  }
  co_return out;
}

Task<Result<void>> remember_message(DeskParts& parts, MessageName name, message::KeptParts kept,
                                    Changes& changes) {
  if (!kept.secret) co_return Result<void>{};
  WA_CO_TRY(const Jid chat, co_await parts.lids.canonical(name.chat));
  WA_CO_TRY(const Jid author, co_await parts.lids.canonical(name.author));
  const std::string key = key_of(chat.account().to_string(), author.account().to_string(), name.id);
  const bool long_lived = !kept.poll.empty() || kept.event == message::KeptParts::Event::kYes;
  const std::int64_t until =
      parts.connection.unix_seconds() + (long_lived ? kLongSecretLife : kShortSecretLife);

  Bytes row = base::to_bytes(base::ByteView{*kept.secret});
  base::append(row, base::as_bytes(name.author.account().to_string()));
  changes.records.push_back({kSecrets, key, std::move(row), until});
  if (!kept.poll.empty()) changes.records.push_back({kPolls, key, kept.poll, until});
  co_return Result<void>{};
}

Task<Result<std::optional<RememberedMessage>>> recall_message(DeskParts& parts, MessageName name) {
  WA_CO_TRY(const AccountForms chat_forms, co_await forms_of(parts, name.chat));
  WA_CO_TRY(const AccountForms author_forms, co_await forms_of(parts, name.author));
  const auto chats = names_of(chat_forms);
  const auto authors = names_of(author_forms);
  using Answer = Result<std::optional<RememberedMessage>>;
  auto query = [&](DeviceStore& device) -> Answer {
    for (const std::string& chat : chats)
      for (const std::string& author : authors) {
        const std::string key = key_of(chat, author, name.id);
        WA_TRY(const auto secret, device.record(kSecrets, key));
        if (!secret || secret->size() < kSecretSize) continue;
        RememberedMessage out = read_secret(*secret);
        WA_TRY(const auto poll, device.record(kPolls, key));
        if (poll) out.options = message::kept_poll_options(*poll);
        return out;
      }
    return std::nullopt;
  };
  WA_CO_TRY(auto found, co_await parts.outside.store.read(query));
  if (found && found->author.empty()) found->author = author_forms.at_hand;
  co_return found;
}

}  // namespace whatsapp
