#include "whatsapp/client/add_ons/chat_timer.h"

namespace whatsapp {

using base::Bytes;
using base::Result;
using binary::Jid;
using runtime::Task;
using store::DeviceStore;

namespace {

constexpr const char* kKind = "chat_expiration";
constexpr std::size_t kRowSize = 12;

void append_big_endian(Bytes& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint64_t big_endian(base::ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

Task<Result<ChatTimer>> chat_timer(DeskParts& parts, Jid chat) {
  WA_CO_TRY(const Jid canonical, co_await parts.lids.canonical(std::move(chat)));
  const std::string key = canonical.account().to_string();
  const auto query = [&key](DeviceStore& device) { return device.record(kKind, key); };
  WA_CO_TRY(const auto row, co_await parts.outside.store.read(query));
  if (!row || row->size() != kRowSize) co_return ChatTimer{};
  const base::ByteView view{*row};
  co_return ChatTimer{static_cast<std::uint32_t>(big_endian(view.first(4))),
                      static_cast<std::int64_t>(big_endian(view.subspan(4)))};
}

Task<Result<void>> learn_chat_timer(DeskParts& parts, Jid chat, ChatTimer timer, store::Changes& changes) {
  WA_CO_TRY(const ChatTimer known, co_await chat_timer(parts, chat));
  const bool same = known.seconds == timer.seconds && (timer.set_at == 0 || known.set_at == timer.set_at);
  const bool older = timer.set_at != 0 && timer.set_at < known.set_at;
  if (same || older) co_return Result<void>{};
  WA_CO_TRY(const Jid canonical, co_await parts.lids.canonical(std::move(chat)));
  Bytes row;
  append_big_endian(row, timer.seconds, 4);
  append_big_endian(row, static_cast<std::uint64_t>(timer.set_at), 8);
  changes.records.push_back({kKind, canonical.account().to_string(), std::move(row), 0});
  co_return Result<void>{};
}

}  // namespace whatsapp
