#include "queue/lid_lookup.h"

#include <chrono>

namespace worker {

using namespace std::chrono_literals;
using base::ErrorCode;
using base::Result;
using runtime::Task;
using whatsapp::binary::Jid;
using MaybeJid = std::optional<Jid>;

namespace {

constexpr std::size_t kMostEntries = 1'000;
constexpr base::Duration kFoundLife = 24h;
constexpr base::Duration kNoneLife = 1min;
constexpr base::Duration kPatience = 15s;  // with the edge, retries included

/// The edge's answer as a destination; text that is no phone-number JID counts as none.
MaybeJid as_pn(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  auto jid = text->find('@') == std::string::npos ? Jid::from_phone(*text) : Jid::parse(*text);
  if (!jid) return std::nullopt;
  const Jid pn = jid->normalized().bare();
  if (!pn.is_pn() || pn.user().empty()) return std::nullopt;
  return pn;
}

/// Answers for good: the edge does not know this LID, or has no such endpoint. A refused secret says nothing
/// of the LID.
bool means_none(const base::Error& error) {
  if (error.code == ErrorCode::kRejected) return error.detail != 401 && error.detail != 403;
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kMalformed;
}

}  // namespace

LidLookup::LidLookup(runtime::EventLoop& loop, edge::Edge& edge, MessageSender& sender,
                     std::string instance_id, std::optional<std::uint64_t> fence)
    : loop_(loop), edge_(edge), sender_(sender), instance_id_(std::move(instance_id)), fence_(fence) {}

Task<MaybeJid> LidLookup::own_pn_of(Jid lid) {
  auto own = co_await sender_.pn_of(std::move(lid));
  if (!own || !*own) co_return MaybeJid{};
  co_return (*own)->bare();
}

Task<Result<MaybeJid>> LidLookup::pn_of(Jid lid) {
  const std::string text = lid.to_string();
  auto own = co_await own_pn_of(std::move(lid));
  if (own) co_return own;
  if (const Entry* known = remembered(text)) co_return known->pn;

  edge::Call call;
  call.retry = edge::Retry::until(loop_.clock().now() + kPatience);
  call.fence = fence_;
  const auto answer = co_await edge_.primary_jid(instance_id_, text, std::move(call));
  if (!answer && !means_none(answer.error())) co_return base::fail(answer.error());
  MaybeJid pn = answer ? as_pn(*answer) : MaybeJid{};
  remember(text, pn);
  co_return pn;
}

const LidLookup::Entry* LidLookup::remembered(const std::string& lid) {
  const auto found = by_lid_.find(lid);
  if (found == by_lid_.end()) return nullptr;
  if (found->second->expires > loop_.clock().now()) return &*found->second;
  entries_.erase(found->second);
  by_lid_.erase(found);
  return nullptr;
}

void LidLookup::remember(std::string lid, MaybeJid pn) {
  if (const auto old = by_lid_.find(lid); old != by_lid_.end()) {
    entries_.erase(old->second);
    by_lid_.erase(old);
  }
  const auto life = pn ? kFoundLife : kNoneLife;
  entries_.push_front({lid, std::move(pn), loop_.clock().now() + life});
  by_lid_.emplace(std::move(lid), entries_.begin());
  if (entries_.size() <= kMostEntries) return;
  by_lid_.erase(entries_.back().lid);
  entries_.pop_back();
}

}  // namespace worker
