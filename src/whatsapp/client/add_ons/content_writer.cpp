#include "whatsapp/client/add_ons/content_writer.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "whatsapp/client/add_ons/chat_timer.h"
#include "whatsapp/client/add_ons/secret_book.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/message/content_builder.h"

namespace whatsapp {

using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using message::OutgoingContent;
using message::TargetMessage;
using runtime::Task;
using store::DeviceStore;

namespace {

/// A JID given by people, in the addressing of the chat as far as the other form is known.
Task<Result<std::string>> readdressed(DeskParts& parts, const ChatAddress& address, std::string jid) {
  const auto parsed = Jid::parse(jid);
  if (!parsed) co_return fail(ErrorCode::kInvalidArgument, "a JID in the message cannot be read");
  const Jid account = parsed->normalized().account();
  WA_CO_TRY(const message::AccountForms forms, co_await forms_of(parts, account));
  const Jid& wanted = address.form == ChatAddress::Form::kLid ? forms.lid : forms.pn;
  co_return (wanted.empty() ? account : wanted).to_string();
}

Task<Result<Bytes>> sent_by_us(DeskParts& parts, std::string id) {
  const auto query = [&id](DeviceStore& device) { return device.sent_message(id); };
  WA_CO_TRY(auto row, co_await parts.outside.store.read(query));
  if (!row) co_return Bytes{};
  co_return std::move(row->payload);
}

Task<Result<void>> complete(DeskParts& parts, const ChatAddress& address, TargetMessage& target) {
  if (target.from == TargetMessage::From::kThem && target.author.empty()) {
    WA_CO_TRY(const Bytes ours, co_await sent_by_us(parts, target.id));
    if (!ours.empty()) target.from = TargetMessage::From::kMe;
  }
  if (target.from == TargetMessage::From::kMe) {
    target.author = address.own.to_string();
  } else if (target.author.empty()) {
    if (address.chat.is_group())
      co_return fail(ErrorCode::kInvalidArgument, "in a group the author of the message is needed");
    target.author = address.chat.to_string();
  } else {
    WA_CO_TRY(target.author, co_await readdressed(parts, address, target.author));
    const auto author = Jid::parse(target.author);
    if (author && is_own_account(parts.connection.self(), *author)) target.from = TargetMessage::From::kMe;
  }
  co_return Result<void>{};
}

/// The words in which "@user" has to be written anew when a mention changes its form.
std::string* words_of(OutgoingContent& content) {
  if (auto* text = std::get_if<message::OutgoingText>(&content)) return &text->body;
  if (auto* media = std::get_if<message::OutgoingMedia>(&content)) return &media->caption;
  if (auto* edit = std::get_if<message::OutgoingEdit>(&content)) return &edit->body;
  return nullptr;
}

std::string_view user_of(std::string_view jid) { return jid.substr(0, jid.find('@')); }

void rename_mention(std::string_view from, std::string_view to, std::string& words) {
  const std::string old_name = "@" + std::string{user_of(from)};
  const std::string new_name = "@" + std::string{user_of(to)};
  if (old_name == new_name) return;
  for (std::size_t at = words.find(old_name); at != std::string::npos;
       at = words.find(old_name, at + new_name.size())) {
    const std::size_t end = at + old_name.size();
    const bool longer = end < words.size() && words[end] >= '0' && words[end] <= '9';  // another number
    if (!longer) words.replace(at, old_name.size(), new_name);
  }
}

Task<Result<void>> complete(DeskParts& parts, const ChatAddress& address, OutgoingContent& content,
                            message::OutgoingContext& context) {
  context.chat = address.chat.to_string();
  std::string* words = words_of(content);
  for (std::string& mention : context.mentions) {
    WA_CO_TRY(std::string named, co_await readdressed(parts, address, mention));
    if (words != nullptr) rename_mention(mention, named, *words);
    mention = std::move(named);
  }
  if (context.quote) {
    message::Quote& quote = *context.quote;
    if (quote.message.empty()) {
      WA_CO_TRY(quote.message, co_await sent_by_us(parts, quote.id));
    }
    if (!quote.author.empty()) {
      WA_CO_TRY(quote.author, co_await readdressed(parts, address, quote.author));
    } else if (!quote.message.empty()) {
      quote.author = address.own.to_string();
    } else if (!address.chat.is_group()) {
      quote.author = address.chat.to_string();
    }
  }
  const bool person = address.chat.is_pn() || address.chat.is_lid();  // of groups, whoever sends there knows
  if (context.expiration == 0 && person) {
    WA_CO_TRY(const ChatTimer timer, co_await chat_timer(parts, address.chat));
    context.expiration = timer.seconds;
    context.expiration_set_at = timer.set_at;
  }
  co_return Result<void>{};
}

/// The poll's secret, its author as its message had it, and our address beside that.
Task<Result<void>> complete(DeskParts& parts, const ChatAddress& address, message::OutgoingPollVote& vote) {
  WA_CO_TRY_VOID(co_await complete(parts, address, vote.poll));
  const auto author = Jid::parse(vote.poll.author);
  if (!author) co_return fail(ErrorCode::kInvalidArgument, "the poll's author cannot be read");
  MessageName name{address.chat, *author, vote.poll.id};
  WA_CO_TRY(const auto poll, co_await recall_message(parts, std::move(name)));
  if (!poll) co_return fail(ErrorCode::kInvalidArgument, "the poll is not known here");
  for (const std::string& option : vote.options)
    if (!poll->options.empty() && std::ranges::find(poll->options, option) == poll->options.end())
      co_return fail(ErrorCode::kInvalidArgument, "the poll has no such option");

  const Self& self = parts.connection.self();
  const message::AccountForms own{address.own, self.lid.user().empty() ? Jid{} : self.lid.account(),
                                  self.pn.account()};
  vote.poll.author = poll->author.to_string();
  vote.voter = message::own_context(vote.poll.id, poll->author, own).modifier.to_string();
  vote.poll_secret = poll->secret;
  vote.iv = parts.outside.random.bytes<12>();
  co_return Result<void>{};
}

Task<Result<void>> complete_edit(DeskParts& parts, const ChatAddress& address, message::OutgoingEdit& edit) {
  edit.target.from = TargetMessage::From::kMe;
  WA_CO_TRY_VOID(co_await complete(parts, address, edit.target));
  if (edit.original.empty()) {
    WA_CO_TRY(edit.original, co_await sent_by_us(parts, edit.target.id));
  }
  co_return Result<void>{};
}

Task<Result<void>> complete(DeskParts& parts, const ChatAddress& address, OutgoingContent& content) {
  if (auto* vote = std::get_if<message::OutgoingPollVote>(&content))
    co_return co_await complete(parts, address, *vote);
  if (auto* edit = std::get_if<message::OutgoingEdit>(&content))
    co_return co_await complete_edit(parts, address, *edit);
  TargetMessage* target = nullptr;
  if (auto* reaction = std::get_if<message::OutgoingReaction>(&content)) target = &reaction->target;
  if (auto* revoke = std::get_if<message::OutgoingRevoke>(&content)) target = &revoke->target;
  if (auto* pin = std::get_if<message::OutgoingPin>(&content)) target = &pin->target;
  if (target != nullptr) co_return co_await complete(parts, address, *target);
  co_return Result<void>{};
}

}  // namespace

Task<Result<WrittenContent>> write_content(DeskParts& parts, const OutgoingMessage& message,
                                           const ChatAddress& address) {
  OutgoingContent content = message.content;
  message::OutgoingContext context = message.context;
  WA_CO_TRY_VOID(co_await complete(parts, address, content, context));
  WA_CO_TRY_VOID(co_await complete(parts, address, content));
  const message::MessageSecret secret = parts.outside.random.bytes<32>();
  WrittenContent out;
  WA_CO_TRY(out.plaintext, message::build_message(content, context, secret));
  out.traits = message::traits_of(out.plaintext);
  co_return out;
}

Task<Result<void>> remember_content(DeskParts& parts, const WrittenContent& written, const std::string& id,
                                    const ChatAddress& address, store::Changes& changes) {
  MessageName name{address.chat, address.own, id};
  co_return co_await remember_message(parts, std::move(name), message::kept_parts(written.plaintext),
                                      changes);
}

void add_traits(const message::StanzaTraits& traits, binary::Node& message) {
  message.set("type", traits.type);
  if (!traits.edit.empty()) message.set("edit", traits.edit);
  if (traits.meta.empty()) return;
  binary::Node meta("meta");
  for (const auto& [key, value] : traits.meta) meta.set(key, value);
  message.add_child(std::move(meta));
}

void add_enc_traits(const message::StanzaTraits& traits, binary::Node& enc) {
  if (!traits.mediatype.empty()) enc.set("mediatype", traits.mediatype);
  if (traits.decrypt_fail == message::StanzaTraits::DecryptFail::kHide) enc.set("decrypt-fail", "hide");
}

}  // namespace whatsapp
