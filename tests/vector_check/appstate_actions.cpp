#include "vector_check/appstate_actions.h"

#include <cstdint>
#include <string>
#include <variant>

#include "vector_check/json_fields.h"
#include "whatsapp/app_state/sync_action.h"

namespace vector_check {
namespace {

using nlohmann::json;
using namespace whatsapp::app_state;

std::string text_or_empty(const json& value, const char* field) {
  return present(value, field) ? text(value, field) : std::string{};
}
bool flag(const json& value, const char* field) {
  return present(value, field) && value.at(field).get<bool>();
}
std::int32_t number(const json& value, const char* field) {
  return present(value, field) ? value.at(field).get<std::int32_t>() : 0;
}

std::int64_t end_of(const MuteEnd& end) {
  if (const auto* until = std::get_if<MutedUntil>(&end)) return until->ms;
  return std::holds_alternative<MutedForever>(end) ? -1 : 0;
}

/// What the JSON says of one kind of action, compared with what we read.
class Comparison {
 public:
  Comparison(const json& value, Case& check) : value_(value), check_(check) {}

  void operator()(const OtherAction&) const {}
  void operator()(const ContactRemoved&) const { check_.expect(false, "a removed contact with a value"); }
  void operator()(const NctSalt& a) const {
    check_.expect(!a.salt.empty() == value_.contains("nctSaltSyncAction"), "salt");
  }
  void operator()(const Contact& a) const {
    const json& is = value_.at(value_.contains("contactAction") ? "contactAction" : "lidContactAction");
    check_.expect_equal(a.full_name, text_or_empty(is, "fullName"), "full name");
    check_.expect_equal(a.first_name, text_or_empty(is, "firstName"), "first name");
    check_.expect_equal(a.username, text_or_empty(is, "username"), "user name");
    check_.expect_equal(a.lid, text_or_empty(is, "lidJid"), "LID");
    check_.expect_equal(a.pn, text_or_empty(is, "pnJid"), "phone number");
  }
  void operator()(const NumberOfLid& a) const {
    check_.expect_equal(a.pn, text_or_empty(value_.at("pnForLidChatAction"), "pnJid"), "phone number");
  }
  void operator()(const OwnPushName& a) const {
    check_.expect_equal(a.name, text_or_empty(value_.at("pushNameSetting"), "name"), "push name");
  }
  void operator()(const Locale& a) const {
    check_.expect_equal(a.locale, text_or_empty(value_.at("localeSetting"), "locale"), "locale");
  }
  void operator()(const ChatMuted& a) const {
    const json& is = value_.at("muteAction");
    check_.expect(!std::holds_alternative<NotMuted>(a.end) == flag(is, "muted"), "muted");
    if (!flag(is, "muted") || !present(is, "muteEndTimestamp")) return;
    // Smaller numbers are seconds, or say nothing.
    const std::int64_t end = std::stoll(text(is, "muteEndTimestamp"));
    if (end == -1 || end > 100'000'000'000) check_.expect(end_of(a.end) == end, "end of muting");
  }
  void operator()(const ChatPinned& a) const { same(a.pinned, "pinAction", "pinned"); }
  void operator()(const ChatArchived& a) const { same(a.archived, "archiveChatAction", "archived"); }
  void operator()(const ChatRead& a) const { same(a.read, "markChatAsReadAction", "read"); }
  void operator()(const ChatLocked& a) const { same(a.locked, "lockChatAction", "locked"); }
  void operator()(const StatusMuted& a) const { same(a.muted, "userStatusMuteAction", "muted"); }
  void operator()(const MessageStarred& a) const { same(a.starred, "starAction", "starred"); }
  void operator()(const ChatLabeled& a) const { same(a.labeled, "labelAssociationAction", "labeled"); }
  void operator()(const MessageDeletedForMe& a) const {
    same(a.delete_media, "deleteMessageForMeAction", "deleteMedia");
  }
  void operator()(const UnarchiveSetting& a) const {
    same(a.unarchive, "unarchiveChatsSetting", "unarchiveChats");
  }
  void operator()(const ChatCleared&) const {
    check_.expect(value_.contains("clearChatAction"), "chat is not cleared");
  }
  void operator()(const ChatDeleted&) const {
    check_.expect(value_.contains("deleteChatAction"), "chat is not deleted");
  }
  void operator()(const LabelEdited& a) const {
    const json& is = value_.at("labelEditAction");
    check_.expect_equal(a.name, text_or_empty(is, "name"), "label's name");
    check_.expect(a.color == number(is, "color"), "label's colour");
    check_.expect(a.deleted == flag(is, "deleted"), "label deleted");
  }
  void operator()(const QuickReply& a) const {
    const json& is = value_.at("quickReplyAction");
    check_.expect_equal(a.shortcut, text_or_empty(is, "shortcut"), "shortcut");
    check_.expect_equal(a.message, text_or_empty(is, "message"), "quick reply");
    check_.expect(a.deleted == flag(is, "deleted"), "quick reply deleted");
  }
  void operator()(const KeysExpired& a) const {
    check_.expect(static_cast<std::int32_t>(a.epoch) == number(value_.at("keyExpiration"), "expiredKeyEpoch"),
                  "expired epoch");
  }

 private:
  void same(bool read, const char* action, const char* field) const {
    check_.expect(read == flag(value_.at(action), field), field);
  }

  const json& value_;
  Case& check_;
};

}  // namespace

void check_action(const json& value, const Mutation& mutation, Case& check) {
  if (mutation.operation != Operation::kSet || !value.is_object()) return;
  const ReadAction read = read_action(mutation);
  if (present(value, "timestamp"))
    check.expect_equal(std::to_string(read.timestamp_ms), text(value, "timestamp"), "time of the action");
  std::visit(Comparison{value, check}, read.action);
}

}  // namespace vector_check
