#include "whatsapp/message/message_secret.h"

#include <algorithm>
#include <utility>

#include "crypto/aes.h"
#include "crypto/hkdf.h"

namespace whatsapp::message {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using binary::Jid;

constexpr std::pair<AddOn, std::string_view> kUseCases[] = {
    {AddOn::kPollVote, "Poll Vote"},   {AddOn::kReaction, "Enc Reaction"},
    {AddOn::kComment, "Enc Comment"},  {AddOn::kEventResponse, "Event Response"},
    {AddOn::kEventEdit, "Event Edit"}, {AddOn::kMessageEdit, "Message Edit"},
    {AddOn::kPollEdit, "Poll Edit"},   {AddOn::kPollAddOption, "Poll Add Option"},
};

std::string account_text(const Jid& jid) { return jid.bare().to_string(); }

/// Some clients make the key of an added poll option as if it were an edit of the poll.
std::vector<AddOn> kinds_of_key(AddOn kind) {
  if (kind == AddOn::kPollAddOption) return {kind, AddOn::kPollEdit};
  return {kind};
}

void add_candidate(std::vector<AddOnContext>& out, std::string_view id, const Jid& author,
                   const Jid& modifier) {
  if (author.empty() || modifier.empty()) return;
  const AddOnContext candidate{id, author.bare(), modifier.bare()};
  const bool known = std::ranges::any_of(out, [&](const AddOnContext& other) {
    return other.author == candidate.author && other.modifier == candidate.modifier;
  });
  if (!known) out.push_back(candidate);
}

}  // namespace

std::string_view use_case(AddOn kind) {
  for (const auto& [candidate, name] : kUseCases)
    if (candidate == kind) return name;
  return {};
}

std::optional<AddOn> add_on_of_use_case(std::string_view name) {
  for (const auto& [kind, candidate] : kUseCases)
    if (candidate == name) return kind;
  return std::nullopt;
}

std::optional<MessageSecret> read_message_secret(ByteView bytes) {
  if (bytes.size() != MessageSecret{}.size()) return std::nullopt;
  return base::to_fixed<32>(bytes);
}

base::FixedBytes<32> add_on_key(AddOn kind, const MessageSecret& secret, const AddOnContext& context) {
  std::string info{context.message_id};
  info += account_text(context.author);
  info += account_text(context.modifier);
  info += use_case(kind);
  base::FixedBytes<32> key;
  crypto::hkdf_sha256_into(key, secret, {}, info);
  return key;
}

Bytes add_on_aad(AddOn kind, const AddOnContext& context) {
  if (kind != AddOn::kPollVote && kind != AddOn::kEventResponse) return {};
  Bytes aad = base::to_bytes(context.message_id);
  aad.push_back(0);
  base::append(aad, base::as_bytes(account_text(context.modifier)));
  return aad;
}

Bytes encrypt_add_on(AddOn kind, const MessageSecret& secret, const AddOnContext& context, ByteView plaintext,
                     const AddOnIv& iv) {
  return crypto::aes256_gcm_seal(add_on_key(kind, secret, context), iv, add_on_aad(kind, context), plaintext);
}

base::Result<Bytes> decrypt_add_on(AddOn kind, const MessageSecret& secret, const AddOnContext& context,
                                   ByteView iv, ByteView payload) {
  constexpr std::size_t kIvSize = AddOnIv{}.size();
  if (iv.size() != kIvSize) return base::fail(ErrorCode::kMalformed, "IV of an encrypted addition");
  return crypto::aes256_gcm_open(add_on_key(kind, secret, context), iv.first<kIvSize>(),
                                 add_on_aad(kind, context), payload);
}

std::vector<AddOnContext> candidate_contexts(std::string_view message_id, const AccountForms& author,
                                             const AccountForms& modifier) {
  std::vector<AddOnContext> out;
  const auto lid_of = [](const AccountForms& forms) {
    return forms.at_hand.is_lid() ? forms.at_hand : forms.lid;
  };
  const auto pn_of = [](const AccountForms& forms) {
    return forms.at_hand.is_pn() ? forms.at_hand : forms.pn;
  };
  add_candidate(out, message_id, lid_of(author), lid_of(modifier));
  add_candidate(out, message_id, pn_of(author), pn_of(modifier));
  add_candidate(out, message_id, author.at_hand, modifier.at_hand);
  for (const Jid& a : {author.at_hand, author.lid, author.pn})
    for (const Jid& m : {modifier.at_hand, modifier.lid, modifier.pn}) add_candidate(out, message_id, a, m);
  return out;
}

base::Result<OpenedAddOn> open_add_on(AddOn kind, const MessageSecret& secret, std::string_view message_id,
                                      const AccountForms& author, const AccountForms& modifier, ByteView iv,
                                      ByteView payload) {
  for (const AddOn as : kinds_of_key(kind))
    for (const AddOnContext& context : candidate_contexts(message_id, author, modifier)) {
      auto plaintext = decrypt_add_on(as, secret, context, iv, payload);
      if (plaintext) return OpenedAddOn{*std::move(plaintext), context};
      if (plaintext.error().code != ErrorCode::kCrypto) return base::fail(std::move(plaintext).error());
    }
  return base::fail(ErrorCode::kCrypto, "encrypted addition fits no address of its authors");
}

AddOnContext own_context(std::string_view message_id, const Jid& author, const AccountForms& own) {
  const Jid& ours = author.is_lid() ? own.lid : own.pn;
  return {message_id, author.bare(), (ours.empty() ? own.at_hand : ours).bare()};
}

}  // namespace whatsapp::message
