#include "whatsapp/client/message_source.h"

#include <array>
#include <string_view>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/lid_map.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;

/// The first of these attributes that is the JID of a person.
template <std::size_t N>
std::optional<Jid> first_person(const Node& message, const std::array<std::string_view, N>& keys) {
  for (const std::string_view key : keys) {
    const auto jid = message.jid(key);
    if (jid && !jid->user().empty() && (jid->is_pn() || jid->is_lid())) return jid->normalized();
  }
  return std::nullopt;
}

void add_pair(const Jid& a, const std::optional<Jid>& b, MessageSource& out) {
  if (!b) return;
  if (auto pair = pair_of(a, *b)) out.pairs.push_back(*std::move(pair));
}

/// The other form of the sender comes without device; it is the same device.
void set_other_form(const std::optional<Jid>& other, MessageSource& out) {
  if (!other || !pair_of(out.sender, *other)) return;
  add_pair(out.sender, other, out);
  const auto hosting = out.sender.is_hosted_device() ? binary::Hosting::kHosted : binary::Hosting::kOwn;
  out.sender_other_form = other->with_device(out.sender.device(), hosting);
}

Result<void> read_shared(const Node& message, const Jid& from, const Self& self, MessageSource& out) {
  const auto participant = message.jid("participant");
  if (!participant || participant->user().empty())
    return fail(ErrorCode::kMalformed, "a group message without participant");
  out.route = MessageSource::Route::kShared;
  out.sender = participant->normalized();
  out.sender_key_chat = from.to_string();
  set_other_form(
      first_person(message, std::to_array<std::string_view>({"participant_pn", "participant_lid"})), out);
  if (is_own_account(self, out.sender)) out.author = MessageSource::Author::kOwnAccount;
  out.chat = from;
  // A list belongs to the conversation with its owner; our own copy to the list.
  if (from.is_broadcast_list() && !out.is_own()) out.chat = out.sender.account();
  return {};
}

void read_own(const Node& message, const Jid& from, MessageSource& out) {
  out.author = MessageSource::Author::kOwnAccount;
  out.sender = from;
  set_other_form(first_person(message, std::to_array<std::string_view>({"sender_pn", "sender_lid"})), out);
  if (message.attr_is("category", "peer")) out.route = MessageSource::Route::kPeer;
  const auto recipient = message.jid("recipient");
  out.chat_is_known = recipient && !recipient->user().empty();
  out.chat = out.chat_is_known ? recipient->normalized().account() : from.account();
  if (out.chat_is_known) {
    constexpr auto kForms = std::to_array<std::string_view>(
        {"peer_recipient_pn", "peer_recipient_lid", "recipient_pn", "recipient_lid"});
    add_pair(out.chat, first_person(message, kForms), out);
  }
}

}  // namespace

Result<MessageSource> read_message_source(const Node& message, const Self& self) {
  MessageSource out;
  WA_TRY(out.id, message.require_attr("id"));
  if (out.id.empty() || out.id.size() > kMaxMessageId)
    return fail(ErrorCode::kMalformed, "a message id out of bounds");
  WA_TRY(const Jid wire_from, message.require_jid("from"));
  const Jid from = wire_from.normalized();
  out.timestamp = message.number("t").value_or(0);
  if (out.timestamp < 0) return fail(ErrorCode::kMalformed, "a message from before 1970");
  out.push_name = message.attr("notify").value_or("");
  out.type = message.attr("type").value_or("");

  if (from.is_newsletter()) {
    out.route = MessageSource::Route::kChannel;
    out.chat = out.sender = from;
    return out;
  }
  if (from.is_group() || from.server() == binary::Server::kBroadcast) {
    WA_TRY_VOID(read_shared(message, from, self, out));
    return out;
  }
  if (from.user().empty()) return fail(ErrorCode::kMalformed, "a message from nobody");
  if (is_own_account(self, from)) {
    read_own(message, from, out);
    return out;
  }
  out.chat = from.account();
  out.sender = from;
  set_other_form(first_person(message, std::to_array<std::string_view>({"sender_pn", "sender_lid"})), out);
  return out;
}

}  // namespace whatsapp
