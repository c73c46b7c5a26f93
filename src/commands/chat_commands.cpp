// chat.*, message.*, history.*
#include <array>

#include "commands/command_table.h"
#include "whatsapp/client/sync/chats.h"
#include "whatsapp/client/sync/history.h"

namespace worker {
namespace {

using base::fail;
using Json = nlohmann::json;
using whatsapp::Client;
using whatsapp::binary::Jid;

constexpr auto kAny = CommandExecutor::Repetition::kHarmless;
constexpr auto kOnce = CommandExecutor::Repetition::kHarmful;

/// `messages`: [{"id", "author", "at"}], or a list of ids.
std::vector<whatsapp::ReadMark> read_marks(Arguments& in) {
  std::vector<whatsapp::ReadMark> out;
  for (const Json& entry : in.list("messages", 256)) {
    whatsapp::ReadMark mark;
    if (entry.is_string()) {
      mark.id = entry.get<std::string>();
    } else {
      Arguments one(entry);
      mark.id = one.required_text("id", 128);
      if (one.has("author")) mark.author = one.person("author");
      mark.at = one.integer("at");
      if (one.error()) in.refuse(one.error()->message);
    }
    out.push_back(std::move(mark));
  }
  return out;
}

CommandAnswer mark_read(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  auto marks = read_marks(in);
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().mark_read(chat, std::move(marks)));
  co_return Json::object();
}

CommandAnswer mark_played(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  auto marks = read_marks(in);
  if (marks.empty()) in.refuse("messages is required");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().mark_played(chat, std::move(marks)));
  co_return Json::object();
}

CommandAnswer mark_unread(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().mark_unread(chat));
  co_return Json::object();
}

template <whatsapp::Archive wish>
CommandAnswer archive(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().archive(chat, wish));
  co_return Json::object();
}

template <whatsapp::Pin wish>
CommandAnswer pin(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().pin(chat, wish));
  co_return Json::object();
}

CommandAnswer mute(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  const auto until = in.integer("until", -1);
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().mute(chat, until));
  co_return Json::object();
}

CommandAnswer unmute(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().mute(chat, 0));
  co_return Json::object();
}

CommandAnswer remove(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.chats().remove(chat));
  co_return Json::object();
}

CommandAnswer older_messages(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  const auto count = static_cast<std::uint32_t>(std::clamp<std::int64_t>(in.integer("count", 50), 1, 500));
  std::optional<whatsapp::HistoryAnchor> before;
  if (in.has("before_id")) {
    before.emplace();
    before->message_id = in.required_text("before_id", 128);
    before->at = in.integer("before_at");
    if (in.boolean("before_from_me").value_or(false)) before->author = whatsapp::HistoryAnchor::Author::kMe;
  }
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.history().ask_for_older(chat, std::move(before), count));
  co_return Json::object();
}

}  // namespace

std::span<const Command> chat_commands() {
  static constexpr std::array kCommands{
      Command{"chat.read", kAny, mark_read},
      Command{"chat.unread", kAny, mark_unread},
      Command{"chat.archive", kAny, archive<whatsapp::Archive::kArchive>},
      Command{"chat.unarchive", kAny, archive<whatsapp::Archive::kUnarchive>},
      Command{"chat.pin", kAny, pin<whatsapp::Pin::kPin>},
      Command{"chat.unpin", kAny, pin<whatsapp::Pin::kUnpin>},
      Command{"chat.mute", kAny, mute},
      Command{"chat.unmute", kAny, unmute},
      Command{"chat.delete", kOnce, remove},
      Command{"message.played", kAny, mark_played},
      Command{"history.older", kAny, older_messages},
  };
  return kCommands;
}

}  // namespace worker
