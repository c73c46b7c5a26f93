#include "whatsapp/client/sync/chats.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/profile/privacy_settings.h"

namespace whatsapp {

using app_state::CoveredUpTo;
using app_state::MutationSet;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;

namespace {

constexpr std::size_t kIdsPerReceipt = 256;
/// There is no database of messages to name the last one.
const CoveredUpTo kUpToNow{};

Node receipt(const Jid& chat, const std::string& type, std::int64_t now, const std::optional<Jid>& author,
             std::span<const std::string> ids) {
  Node out =
      Node("receipt").with("id", std::string{ids.front()}).with("to", chat).with("type", type).with("t", now);
  if (author) out.set("participant", *author);
  if (ids.size() == 1) return out;
  Node list("list");
  for (const std::string& id : ids.subspan(1)) list.add_child(Node("item").with("id", std::string{id}));
  out.add_child(std::move(list));
  return out;
}

app_state::MessageRef reference(const std::string& chat, const ReadMark& message, const Jid& chat_jid) {
  app_state::MessageRef ref{.chat = chat, .id = message.id, .from_me = false, .participant = {}};
  if (chat_jid.is_group()) ref.participant = message.author.account().to_string();
  return ref;
}

}  // namespace

Task<Result<void>> Chats::mark_read(Jid chat, std::vector<ReadMark> messages) {
  if (chat.is_newsletter() || chat.user().empty())
    co_return fail(ErrorCode::kInvalidArgument, "this chat cannot be marked read");
  if (!messages.empty()) WA_CO_TRY_VOID(co_await send_receipts(chat, messages, "read"));
  if (chat.is_status()) co_return Result<void>{};

  const std::int64_t now = now_ms();
  CoveredUpTo last;
  const auto newest = std::ranges::max_element(messages, {}, &ReadMark::at);
  if (newest != messages.end() && newest->at > 0)
    last = app_state::LastMessage{reference("", *newest, chat), newest->at};
  MakeMutations make = [now, last](const std::string& name) mutable {
    if (last) last->ref.chat = name;
    return app_state::make(app_state::ChatRead{name, true}, last, now);
  };
  const auto told = co_await send(chat, std::move(make));
  if (told || messages.empty()) co_return told;
  parts_.outside.log.debug("our other devices were not told of a read chat",
                           {{"error", told.error().message}});
  co_return Result<void>{};
}

Task<Result<void>> Chats::mark_played(Jid chat, std::vector<ReadMark> messages) {
  if (messages.empty()) co_return fail(ErrorCode::kInvalidArgument, "no messages");
  WA_CO_TRY_VOID(co_await send_receipts(chat, messages, "played"));
  co_return co_await mark_read(chat, std::move(messages));
}

Task<Result<void>> Chats::send_receipts(Jid chat, const std::vector<ReadMark>& messages, std::string type) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  if (privacy_.read_receipts() == ReadReceipts::kOwnDevicesOnly) type += "-self";
  WA_CO_TRY(const Jid to, co_await parts_.lids.canonical(chat));
  const bool shared = to.is_group() || to.is_status() || to.is_broadcast_list();
  std::map<std::string, std::vector<std::string>> by_author;
  for (const ReadMark& message : messages) {
    if (message.id.empty() || is_own_account(parts_.connection.self(), message.author)) continue;
    by_author[shared ? message.author.account().to_string() : std::string{}].push_back(message.id);
  }
  const std::int64_t now = parts_.connection.unix_seconds();
  for (const auto& [author, ids] : by_author) {
    std::optional<Jid> participant;
    if (shared) {
      const auto parsed = Jid::parse(author);
      if (!parsed) continue;  // nobody to tell
      participant = *parsed;
    }
    for (std::size_t i = 0; i < ids.size(); i += kIdsPerReceipt) {
      const auto slice = std::span{ids}.subspan(i, std::min(kIdsPerReceipt, ids.size() - i));
      WA_CO_TRY_VOID(parts_.connection.send(receipt(to, type, now, participant, slice)));
    }
  }
  co_return Result<void>{};
}

Task<Result<void>> Chats::mark_unread(Jid chat) {
  MakeMutations make = [now = now_ms()](const std::string& name) {
    return app_state::make(app_state::ChatRead{name, false}, kUpToNow, now);
  };
  co_return co_await send(std::move(chat), std::move(make));
}

Task<Result<void>> Chats::archive(Jid chat, Archive wish) {
  MakeMutations make = [now = now_ms(), wish](const std::string& name) {
    return app_state::make(app_state::ChatArchived{name, wish == Archive::kArchive}, kUpToNow, now);
  };
  co_return co_await send(std::move(chat), std::move(make));
}

Task<Result<void>> Chats::pin(Jid chat, Pin wish) {
  MakeMutations make = [now = now_ms(), wish](const std::string& name) {
    return app_state::make(app_state::ChatPinned{name, wish == Pin::kPin}, now);
  };
  co_return co_await send(std::move(chat), std::move(make));
}

Task<Result<void>> Chats::mute(Jid chat, std::int64_t until) {
  app_state::MuteEnd end = app_state::NotMuted{};
  if (until < 0) end = app_state::MutedForever{};
  if (until > 0) end = app_state::MutedUntil{until * 1000};
  MakeMutations make = [now = now_ms(), end](const std::string& name) {
    return app_state::make(app_state::ChatMuted{name, end}, now);
  };
  co_return co_await send(std::move(chat), std::move(make));
}

Task<Result<void>> Chats::remove(Jid chat) {
  MakeMutations make = [now = now_ms()](const std::string& name) {
    return app_state::make(app_state::ChatDeleted{name}, app_state::MediaToo::kYes, kUpToNow, now);
  };
  co_return co_await send(std::move(chat), std::move(make));
}

Task<Result<void>> Chats::send(Jid chat, MakeMutations make) {
  const Jid account = chat.normalized().account();
  if (account.user().empty() || account.is_newsletter() || account.is_status())
    co_return fail(ErrorCode::kInvalidArgument, "no chat whose settings are shared");
  WA_CO_TRY(const Jid preferred, co_await parts_.lids.canonical(account));
  std::vector<std::string> names{preferred.to_string()};
  if (preferred.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(preferred.user())));
    if (pn) names.push_back(pn_jid(*pn).to_string());
  }
  co_return co_await patches_.send(std::move(names), std::move(make));
}

}  // namespace whatsapp
