#include "whatsapp/client/add_ons/add_on_opener.h"

#include <utility>
#include <variant>

#include "whatsapp/client/add_ons/secret_book.h"
#include "whatsapp/message/opened_add_on.h"

namespace whatsapp {

using base::Result;
using message::AccountForms;
using message::Content;
using message::EncryptedAddOn;
using message::SealedAddOn;
using runtime::Task;

namespace {

Task<Result<bool>> opened(DeskParts& parts, const AddOnOrigin& origin, const EncryptedAddOn& add_on,
                          Content& content) {
  MessageName name{origin.chat, origin.target_author, add_on.target.id};
  WA_CO_TRY(const auto remembered, co_await recall_message(parts, std::move(name)));
  if (!remembered) {
    parts.outside.log.info("an addition belongs to a message that is not known here",
                           {{"use", message::use_case(add_on.kind)}});
    co_return false;
  }
  WA_CO_TRY(AccountForms author, co_await forms_of(parts, origin.target_author));
  author.at_hand = remembered->author;
  WA_CO_TRY(const AccountForms modifier, co_await forms_of(parts, origin.sender));
  const auto plain = message::open_add_on(add_on.kind, remembered->secret, add_on.target.id, author, modifier,
                                          add_on.iv, add_on.payload);
  const auto put = plain ? message::put_opened(add_on.kind, plain->plaintext, remembered->options, content)
                         : Result<void>{base::fail(plain.error())};
  if (!put)
    parts.outside.log.info("an addition cannot be opened",
                           {{"use", message::use_case(add_on.kind)}, {"error", put.error().message}});
  co_return put.has_value();
}

}  // namespace

Task<Result<void>> open_sealed(DeskParts& parts, const AddOnOrigin& origin, Content& content) {
  const auto* sealed = std::get_if<SealedAddOn>(&content.part);
  if (sealed == nullptr) co_return Result<void>{};
  const EncryptedAddOn add_on = sealed->envelope;
  WA_CO_TRY(const bool read, co_await opened(parts, origin, add_on, content));
  if (!read) message::put_unopened(add_on.kind, content);
  co_return Result<void>{};
}

}  // namespace whatsapp
