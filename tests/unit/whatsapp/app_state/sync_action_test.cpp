#include "whatsapp/app_state/sync_action.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "proto/app_state.pb.h"
#include "whatsapp/app_state/make_action.h"

using namespace whatsapp::app_state;
using whatsapp::proto::SyncActionValue;

namespace {

constexpr std::int64_t kNow = 1'700'000'000'123;
const std::string kChat = "123@s.whatsapp.net";

template <class Action>
Action only(const MutationSet& made, Collection collection) {
  CHECK(made.collection == collection);
  REQUIRE(made.mutations.size() == 1);
  const auto read = read_action(made.mutations[0]);
  REQUIRE(std::holds_alternative<Action>(read.action));
  return std::get<Action>(read.action);
}

SyncActionValue value_of(const Mutation& mutation) {
  SyncActionValue value;
  REQUIRE(value.ParseFromArray(mutation.value.data(), static_cast<int>(mutation.value.size())));
  return value;
}

MuteEnd read_mute(bool muted, std::int64_t end) {
  SyncActionValue value;
  value.mutable_mute_action()->set_muted(muted);
  value.mutable_mute_action()->set_mute_end_timestamp(end);
  const auto read =
      read_action({Operation::kSet, {"mute", kChat}, 2, base::to_bytes(value.SerializeAsString())});
  return std::get<ChatMuted>(read.action).end;
}

}  // namespace

TEST_CASE("what is made is read again, from the collection it belongs to") {
  CHECK(only<ChatPinned>(make(ChatPinned{kChat, false}, kNow), Collection::kRegularLow).chat == kChat);
  CHECK(only<ChatRead>(make(ChatRead{kChat, true}, {}, kNow), Collection::kRegularLow).read);
  CHECK(only<ChatCleared>(make(ChatCleared{kChat}, StarredToo::kNo, MediaToo::kYes, {}, kNow),
                          Collection::kRegularHigh)
            .chat == kChat);
  CHECK(only<ChatDeleted>(make(ChatDeleted{kChat}, MediaToo::kNo, {}, kNow), Collection::kRegularHigh).chat ==
        kChat);
  CHECK(only<OwnPushName>(make(OwnPushName{"Ann"}, kNow), Collection::kCriticalBlock).name == "Ann");
  CHECK(only<LabelEdited>(make(LabelEdited{"7", "new", 2, false}, kNow), Collection::kRegular).color == 2);
  CHECK(only<ChatLabeled>(make(ChatLabeled{"7", kChat, true}, kNow), Collection::kRegular).labeled);
  const auto contact = only<Contact>(make(Contact{kChat, "Ann Lee", "Ann", "", "9@lid", ""}, kNow),
                                     Collection::kCriticalUnblockLow);
  CHECK(contact.full_name == "Ann Lee");
  CHECK(contact.lid == "9@lid");
  CHECK(only<ContactRemoved>(make(ContactRemoved{kChat}), Collection::kCriticalUnblockLow).jid == kChat);
}

TEST_CASE("the time of an action is told") {
  const auto made = make(ChatPinned{kChat, false}, kNow);
  CHECK(read_action(made.mutations[0]).timestamp_ms == kNow);
}

TEST_CASE("an archived chat is not pinned, a pinned one not archived, a locked one neither") {
  const auto archived = make(ChatArchived{kChat, true}, {}, kNow);
  REQUIRE(archived.mutations.size() == 2);
  CHECK_FALSE(std::get<ChatPinned>(read_action(archived.mutations[0]).action).pinned);
  CHECK(std::get<ChatArchived>(read_action(archived.mutations[1]).action).archived);
  CHECK(make(ChatArchived{kChat, false}, {}, kNow).mutations.size() == 1);
  const auto pinned = make(ChatPinned{kChat, true}, kNow);
  REQUIRE(pinned.mutations.size() == 2);
  CHECK_FALSE(std::get<ChatArchived>(read_action(pinned.mutations[0]).action).archived);
  const auto locked = make(ChatLocked{kChat, true}, kNow);
  REQUIRE(locked.mutations.size() == 3);
  CHECK(std::get<ChatLocked>(read_action(locked.mutations[2]).action).locked);
}

TEST_CASE("a message is named by its sender only in groups, and only if it is not ours") {
  const MessageRef theirs{"1@g.us", "ID", false, "2@lid"};
  const auto made = make(MessageStarred{theirs, true}, kNow);
  CHECK(made.mutations[0].index == ActionIndex{"star", "1@g.us", "ID", "0", "2@lid"});
  const auto read = only<MessageStarred>(made, Collection::kRegularHigh);
  CHECK(read.message.participant == "2@lid");
  CHECK(read.starred);

  const auto ours = make(MessageDeletedForMe{{"1@g.us", "ID", true, "3@lid"}, true}, 1'700'000'000, kNow);
  CHECK(ours.mutations[0].index == ActionIndex{"deleteMessageForMe", "1@g.us", "ID", "1", "0"});
  const auto deleted = only<MessageDeletedForMe>(ours, Collection::kRegularHigh);
  CHECK(deleted.message.from_me);
  CHECK(deleted.message.participant.empty());
}

TEST_CASE("a chat's action covers its last message, or everything until now") {
  const LastMessage last{{"1@g.us", "ID", false, "2@lid"}, 1'600'000'000};
  const auto known = value_of(make(ChatRead{"1@g.us", true}, last, kNow).mutations[0]);
  const auto& range = known.mark_chat_as_read_action().message_range();
  CHECK(range.last_message_timestamp() == 1'600'000'000);
  REQUIRE(range.messages_size() == 1);
  CHECK(range.messages(0).timestamp() == 1'600'000'000);
  CHECK(base::to_hex(base::as_bytes(range.messages(0).key())) ==
        "0a0631"
        "40672e7573"
        "1000"
        "1a024944"
        "220532406c6964");
  const auto unknown = value_of(make(ChatRead{"1@g.us", true}, {}, kNow).mutations[0]);
  CHECK(unknown.mark_chat_as_read_action().message_range().last_message_timestamp() == kNow / 1000);
}

TEST_CASE("mutes end never, in milliseconds, or in the seconds that some clients write") {
  CHECK(std::holds_alternative<NotMuted>(read_mute(false, 0)));
  CHECK(std::holds_alternative<MutedForever>(read_mute(true, -1)));
  CHECK(std::holds_alternative<MutedForever>(read_mute(true, 0)));
  CHECK(std::get<MutedUntil>(read_mute(true, 1'999'999'999'000)).ms == 1'999'999'999'000);
  CHECK(std::get<MutedUntil>(read_mute(true, 1'999'999'999)).ms == 1'999'999'999'000);
  const auto forever = make(ChatMuted{kChat, MutedForever{}}, kNow);
  CHECK(value_of(forever.mutations[0]).mute_action().mute_end_timestamp() == -1);
  const auto unmuted = value_of(make(ChatMuted{kChat, NotMuted{}}, kNow).mutations[0]);
  CHECK_FALSE(unmuted.mute_action().has_mute_end_timestamp());
}

TEST_CASE("what is unknown, incomplete or malformed is left to the caller") {
  const auto is_other = [](const Mutation& mutation) {
    return std::holds_alternative<OtherAction>(read_action(mutation).action);
  };
  const auto star = make(MessageStarred{{kChat, "ID", true, ""}, true}, kNow).mutations[0];
  Mutation changed = star;
  changed.index.pop_back();
  CHECK(is_other(changed));
  changed = star;
  changed.index[0] = "startle";
  CHECK(is_other(changed));
  changed = star;
  changed.value = {0xff};
  CHECK(is_other(changed));
  changed = star;
  changed.value.clear();
  CHECK(is_other(changed));
  changed = star;
  changed.operation = Operation::kRemove;
  CHECK(is_other(changed));
  changed.index.clear();
  CHECK(is_other(changed));
}

TEST_CASE("removing the salt is a salt that is empty; a negative epoch expires nothing") {
  const Mutation removed{Operation::kRemove, {"nct_salt_sync"}, 1, {}};
  CHECK(std::get<NctSalt>(read_action(removed).action).salt.empty());
  SyncActionValue value;
  value.mutable_key_expiration()->set_expired_key_epoch(-1);
  const auto expiry = [&] {
    return read_action({Operation::kSet, {"sentinel"}, 3, base::to_bytes(value.SerializeAsString())}).action;
  };
  CHECK(std::holds_alternative<OtherAction>(expiry()));
  value.mutable_key_expiration()->set_expired_key_epoch(4);
  CHECK(std::get<KeysExpired>(expiry()).epoch == 4);
}
