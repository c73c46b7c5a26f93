// presence.*, call.*
#include <array>

#include "commands/command_table.h"
#include "whatsapp/client/presence/calls.h"
#include "whatsapp/client/presence/presence.h"

namespace worker {
namespace {

using base::fail;
using Json = nlohmann::json;
using whatsapp::Client;
using whatsapp::binary::Jid;

constexpr auto kAny = CommandExecutor::Repetition::kHarmless;

template <whatsapp::Availability wish>
CommandAnswer set_availability(Client& client, Arguments&) {
  WA_CO_TRY_VOID(client.presence().set_availability(wish));
  co_return Json::object();
}

CommandAnswer subscribe(Client& client, Arguments& in) {
  const Jid who = in.chat("jid");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.presence().subscribe(who));
  co_return Json::object();
}

CommandAnswer unsubscribe(Client& client, Arguments& in) {
  const Jid who = in.chat("jid");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(client.presence().unsubscribe(who));
  co_return Json::object();
}

CommandAnswer show_chat_state(Client& client, Arguments& in) {
  const Jid chat = in.chat("chat");
  const std::string state = in.required_text("state", 16);
  auto sign = whatsapp::ChatState::kPaused;
  if (state == "composing") {
    sign = whatsapp::ChatState::kComposing;
  } else if (state == "recording") {
    sign = whatsapp::ChatState::kRecording;
  } else if (state != "paused") {
    in.refuse("state must be composing, recording or paused");
  }
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(client.presence().send_chat_state(chat, sign));
  co_return Json::object();
}

CommandAnswer reject_call(Client& client, Arguments& in) {
  const auto id = in.required_text("call_id", 128);
  const Jid from = in.person("from");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(client.calls().reject(id, from));
  co_return Json::object();
}

}  // namespace

std::span<const Command> presence_commands() {
  static constexpr std::array kCommands{
      Command{"presence.available", kAny, set_availability<whatsapp::Availability::kAvailable>},
      Command{"presence.unavailable", kAny, set_availability<whatsapp::Availability::kUnavailable>},
      Command{"presence.subscribe", kAny, subscribe},
      Command{"presence.unsubscribe", kAny, unsubscribe},
      Command{"presence.chat_state", kAny, show_chat_state},
      Command{"call.reject", kAny, reject_call},
  };
  return kCommands;
}

}  // namespace worker
