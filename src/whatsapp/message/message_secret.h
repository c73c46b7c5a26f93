// Encrypted additions to a message: poll votes, reactions in announcement groups, answers to events,
// comments, edits. Whoever has the original message has its secret (32 bytes in messageContextInfo), and can
// derive the key of an addition from the secret, the message's id, its author and the author of the
// addition. Spec 05 §6.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/message/content_builder.h"

namespace whatsapp::message {

enum class AddOn {
  kPollVote,
  kReaction,
  kComment,
  kEventResponse,
  kEventEdit,
  kMessageEdit,
  kPollEdit,
  kPollAddOption,
};

inline constexpr std::array kAddOns{AddOn::kPollVote,      AddOn::kReaction,     AddOn::kComment,
                                    AddOn::kEventResponse, AddOn::kEventEdit,    AddOn::kMessageEdit,
                                    AddOn::kPollEdit,      AddOn::kPollAddOption};

/// The name that goes into the key: "Poll Vote".
std::string_view use_case(AddOn kind);
std::optional<AddOn> add_on_of_use_case(std::string_view name);

/// None for anything but 32 bytes.
std::optional<MessageSecret> read_message_secret(base::ByteView bytes);

/// What an addition belongs to, and who made it. JIDs are written without device.
struct AddOnContext {
  std::string_view message_id;  // of the original message
  binary::Jid author;           // of the original message
  binary::Jid modifier;         // who made the addition
};

using AddOnIv = base::FixedBytes<12>;

base::FixedBytes<32> add_on_key(AddOn kind, const MessageSecret& secret, const AddOnContext& context);

/// What is authenticated besides: only for votes and answers to events, else empty.
base::Bytes add_on_aad(AddOn kind, const AddOnContext& context);

/// Ciphertext || 16-byte tag. `iv` must be fresh.
base::Bytes encrypt_add_on(AddOn kind, const MessageSecret& secret, const AddOnContext& context,
                           base::ByteView plaintext, const AddOnIv& iv);

/// kMalformed for an IV that is not 12 bytes or a payload shorter than its tag; kCrypto if secret, message or
/// authors are not those it was made with.
base::Result<base::Bytes> decrypt_add_on(AddOn kind, const MessageSecret& secret, const AddOnContext& context,
                                         base::ByteView iv, base::ByteView payload);

/// The two addresses of one account, and the one that is at hand (of a key, a stored row, a stanza). Those
/// that are not known are empty.
struct AccountForms {
  binary::Jid at_hand;
  binary::Jid lid;
  binary::Jid pn;
};

/// Which addresses the sender used is not told, and depends on how it knows the author: both LIDs, both phone
/// numbers, as they are at hand, then mixed. Each pair once.
std::vector<AddOnContext> candidate_contexts(std::string_view message_id, const AccountForms& author,
                                             const AccountForms& modifier);

struct OpenedAddOn {
  base::Bytes plaintext;
  AddOnContext context;  // the one that fitted
};

/// Tries the candidates one after the other. Errors as decrypt_add_on; kCrypto if none fits. `message_id`
/// outlives the result.
base::Result<OpenedAddOn> open_add_on(AddOn kind, const MessageSecret& secret, std::string_view message_id,
                                      const AccountForms& author, const AccountForms& modifier,
                                      base::ByteView iv, base::ByteView payload);

/// The context to encrypt with: our own address of the kind that the author's is stored in.
AddOnContext own_context(std::string_view message_id, const binary::Jid& author, const AccountForms& own);

}  // namespace whatsapp::message
