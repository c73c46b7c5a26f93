// profile.*, privacy.*, blocklist.*
#include <array>

#include "commands/command_table.h"
#include "whatsapp/client/profile/blocklist.h"
#include "whatsapp/client/profile/privacy_settings.h"
#include "whatsapp/client/profile/profile.h"

namespace worker {
namespace {

using base::fail;
using Json = nlohmann::json;
using whatsapp::Client;
using whatsapp::binary::Jid;

constexpr auto kAny = CommandExecutor::Repetition::kHarmless;
constexpr std::size_t kLargestPicture = 512u << 10;

CommandAnswer set_name(Client& client, Arguments& in) {
  auto name = in.required_text("name", 256);
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.profile().set_push_name(std::move(name)));
  co_return Json::object();
}

CommandAnswer set_about(Client& client, Arguments& in) {
  auto text = in.text("about", 1'024);
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.profile().set_about(std::move(text)));
  co_return Json::object();
}

CommandAnswer about(Client& client, Arguments& in) {
  const Jid who = in.person("jid");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto text, co_await client.profile().about(who));
  co_return Json{{"about", text ? Json(*text) : Json(nullptr)}};
}

CommandAnswer picture(Client& client, Arguments& in) {
  const Jid who = in.chat("jid");
  const bool preview = in.boolean("preview").value_or(false);
  WA_REFUSE_BAD(in);
  const auto size = preview ? whatsapp::PictureSize::kPreview : whatsapp::PictureSize::kFull;
  WA_CO_TRY(const auto found, co_await client.profile().picture(who, size));
  if (!found) co_return Json{{"url", nullptr}};
  co_return Json{{"url", found->url}, {"id", found->id}};
}

CommandAnswer set_picture(Client& client, Arguments& in) {
  auto jpeg = in.base64("jpeg_base64", kLargestPicture);
  const Jid group = in.has("group") ? in.group("group") : Jid{};
  WA_REFUSE_BAD(in);
  auto task = group.empty() ? client.profile().set_picture(std::move(jpeg))
                            : client.profile().set_group_picture(group, std::move(jpeg));
  WA_CO_TRY(const auto id, co_await std::move(task));
  co_return Json{{"id", id}};
}

CommandAnswer remove_picture(Client& client, Arguments& in) {
  const Jid group = in.has("group") ? in.group("group") : Jid{};
  WA_REFUSE_BAD(in);
  if (group.empty()) {
    WA_CO_TRY_VOID(co_await client.profile().remove_picture());
  } else {
    base::Bytes none;
    WA_CO_TRY_VOID(co_await client.profile().set_group_picture(group, std::move(none)));
  }
  co_return Json::object();
}

CommandAnswer business(Client& client, Arguments& in) {
  const Jid who = in.person("jid");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto found, co_await client.profile().business(who));
  if (!found) co_return Json{{"business", nullptr}};
  Json out{{"address", found->address},
           {"description", found->description},
           {"email", found->email},
           {"websites", found->websites},
           {"categories", found->categories}};
  co_return Json{{"business", std::move(out)}};
}

CommandAnswer set_disappearing(Client& client, Arguments& in) {
  const auto seconds = in.integer("seconds");
  if (seconds < 0 || seconds > UINT32_MAX) in.refuse("seconds is out of range");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.profile().set_default_disappearing(static_cast<std::uint32_t>(seconds)));
  co_return Json::object();
}

CommandAnswer privacy(Client& client, Arguments&) {
  WA_CO_TRY(const auto settings, co_await client.profile().privacy().fetch());
  co_return Json{{"settings", settings}};
}

CommandAnswer set_privacy(Client& client, Arguments& in) {
  auto name = in.required_text("name", 64);
  auto value = in.required_text("value", 64);
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.profile().privacy().set(std::move(name), std::move(value)));
  co_return Json::object();
}

CommandAnswer blocked(Client& client, Arguments&) {
  WA_CO_TRY(const auto jids, co_await client.profile().blocklist().fetch());
  Json out = Json::array();
  for (const Jid& jid : jids) out.push_back(jid.to_string());
  co_return Json{{"blocked", std::move(out)}};
}

CommandAnswer block(Client& client, Arguments& in) {
  const Jid who = in.person("jid");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.profile().blocklist().block(who));
  co_return Json::object();
}

CommandAnswer unblock(Client& client, Arguments& in) {
  const Jid who = in.person("jid");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.profile().blocklist().unblock(who));
  co_return Json::object();
}

}  // namespace

std::span<const Command> profile_commands() {
  static constexpr std::array kCommands{
      Command{"profile.set_name", kAny, set_name},
      Command{"profile.set_about", kAny, set_about},
      Command{"profile.about", kAny, about},
      Command{"profile.picture", kAny, picture},
      Command{"profile.set_picture", kAny, set_picture},
      Command{"profile.remove_picture", kAny, remove_picture},
      Command{"profile.business", kAny, business},
      Command{"profile.disappearing", kAny, set_disappearing},
      Command{"privacy.get", kAny, privacy},
      Command{"privacy.set", kAny, set_privacy},
      Command{"blocklist.get", kAny, blocked},
      Command{"blocklist.block", kAny, block},
      Command{"blocklist.unblock", kAny, unblock},
  };
  return kCommands;
}

}  // namespace worker
