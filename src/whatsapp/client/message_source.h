// Where an incoming message comes from: the attributes of `<message>` read into one value. Which attribute
// means what depends on the kind of chat and on whether our own account wrote it. Spec 05 §7.1, §7.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/self.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// Longer message ids are refused.
inline constexpr std::size_t kMaxMessageId = 128;

struct MessageSource {
  std::string id;
  binary::Jid chat;                              // without device: the group, or the other person
  binary::Jid sender;                            // the device that wrote it
  std::optional<binary::Jid> sender_other_form;  // the sender's LID device for a PN, and the reverse
  enum class Author { kOther, kOwnAccount } author = Author::kOther;
  enum class Route {
    kDirect,   // one person; also what arrives through a broadcast list
    kShared,   // group, broadcast list, status: sender keys are used
    kPeer,     // between our own devices
    kChannel,  // newsletter: not encrypted
  } route = Route::kDirect;
  /// The chat as sender keys know it: the stanza's `from`.
  std::string sender_key_chat;
  /// False for our own message without `recipient`: the message itself names its chat.
  bool chat_is_known = true;
  std::int64_t timestamp = 0;  // 0: absent
  std::string push_name;
  std::string type;
  std::vector<store::LidMapping> pairs;  // that the attributes tell

  [[nodiscard]] bool is_own() const { return author == Author::kOwnAccount; }
};

/// kMalformed when an attribute that is needed is missing or out of form.
base::Result<MessageSource> read_message_source(const binary::Node& message, const Self& self);

}  // namespace whatsapp
