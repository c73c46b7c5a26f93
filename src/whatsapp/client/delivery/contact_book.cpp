#include "whatsapp/client/delivery/contact_book.h"

#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/sync/account_book.h"
#include "whatsapp/message/utf8.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using runtime::Task;
using store::Changes;

namespace {

constexpr UnixSeconds kDay = 86'400;

/// Valid UTF-8 without control characters, cut at a character.
std::string presentable(std::string_view name) {
  std::string out = message::to_valid_utf8(name.substr(0, 4 * kMaxPushName));
  std::erase_if(out, [](char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F; });
  if (out.size() <= kMaxPushName) return out;
  std::size_t end = kMaxPushName;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  return out;
}

}  // namespace

Task<Result<ContactBook::Known>> ContactBook::look_up(Jid canonical) {
  if (const Known* known = known_.find(canonical.to_string())) co_return *known;
  AccountBook book(parts_.outside.store);
  WA_CO_TRY(const ContactFacts facts, co_await book.contact(canonical));
  auto query = [user = std::string{canonical.user()}](store::DeviceStore& device) {
    return device.record(kAcquaintanceKind, user);
  };
  WA_CO_TRY(const auto wrote, co_await parts_.outside.store.read(query));
  Known known{facts.push_name.value_or(""), 0};
  if (wrote && wrote->size() == 8) known.wrote_at = static_cast<UnixSeconds>(base::read_big_endian(*wrote));
  known_.put(canonical.to_string(), known);
  co_return known;
}

Task<Result<void>> ContactBook::note(Jid person, std::string push_name, Heard heard, Changes& changes) {
  if (person.user().empty() || (!person.is_pn() && !person.is_lid())) co_return Result<void>{};
  if (is_own_account(parts_.connection.self(), person)) co_return Result<void>{};
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(std::move(person)));
  WA_CO_TRY(Known known, co_await look_up(canonical));
  const UnixSeconds now = parts_.connection.unix_seconds();
  const std::string name = presentable(push_name);
  const bool renamed = !name.empty() && name != known.push_name;
  const bool wrote = heard == Heard::kMessage && now - known.wrote_at >= kDay;
  if (wrote) {
    known.wrote_at = now;
    const auto date = base::big_endian<8>(static_cast<std::uint64_t>(now));
    changes.records.push_back(
        {kAcquaintanceKind, std::string{canonical.user()}, base::to_bytes(base::ByteView{date}), 0});
  }
  if (renamed) {
    known.push_name = name;
    ContactChange news;
    news.jid = canonical;
    (canonical.is_lid() ? news.lid : news.pn) = canonical;
    if (canonical.is_lid()) {
      WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(canonical.user())));
      if (pn) news.pn = pn_jid(*pn);
    }
    news.push_name = name;
    news.at = now;
    parts_.outside.sink.stage_event(news, changes);
    BookUpdates updates;
    updates.contacts.push_back({canonical, {.push_name = name}, FactsOrigin::kLive});
    AccountBook book(parts_.outside.store);
    WA_CO_TRY_VOID(co_await book.update(std::move(updates), changes));
  }
  if (wrote || renamed) known_.put(canonical.to_string(), std::move(known));
  co_return Result<void>{};
}

}  // namespace whatsapp
