#include "whatsapp/client/delivery/receipt_desk.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace whatsapp {

using base::Result;
using binary::Jid;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using State = MessageStatus::State;
using Step = ReceiptNews::Step;

namespace {

// Records of kind "message_status", key "ID JID", one byte: the furthest state told. The JID is a device's
// for deliveries, an account's for what people do. They only have to outlive repetitions.
constexpr const char* kStatusKind = "message_status";
constexpr std::int64_t kStatusLife = 7 * 86'400;

std::uint8_t rank(State state) { return static_cast<std::uint8_t>(state); }

std::string person_key(const std::string& id, const Jid& who) { return id + " " + who.account().to_string(); }
std::string device_key(const std::string& id, const Jid& who) {
  return person_key(id, who) + "/" + std::to_string(who.device());
}

/// Chats that we wrote these messages into, and how far each is known to be for its person and device.
struct Known {
  std::optional<std::string> chat;  // absent: not ours
  std::uint8_t by_device = 0, by_person = 0;
};

Result<std::uint8_t> told_rank(DeviceStore& device, const std::string& key) {
  WA_TRY(const auto row, device.record(kStatusKind, key));
  return row && !row->empty() ? row->front() : std::uint8_t{0};
}

Result<std::vector<Known>> look_up(DeviceStore& device, const std::vector<Step>& steps) {
  std::vector<Known> out;
  for (const Step& step : steps) {
    Known known;
    WA_TRY(const auto sent, device.sent_message(step.id));
    if (sent) {
      known.chat = sent->chat;
      WA_TRY(known.by_device, told_rank(device, device_key(step.id, step.by)));
      WA_TRY(known.by_person, told_rank(device, person_key(step.id, step.by)));
    }
    out.push_back(std::move(known));
  }
  return out;
}

}  // namespace

Task<void> ReceiptDesk::take(const binary::Node& receipt) {
  StanzaAnswer answer(parts_.connection, receipt, parts_.outside.log);
  const auto news = read_receipt(receipt, parts_.connection.self());
  if (!news) {
    answer.refuse(Refusal::kMalformed);
    co_return;
  }
  Result<void> done;
  if (news->meaning == ReceiptNews::Meaning::kProgress) done = co_await note_progress(*news);
  if (news->meaning == ReceiptNews::Meaning::kReadByUs) done = co_await note_read_by_us(*news);
  if (done) {
    answer.ack();
  } else {
    answer.give_up(done.error());
  }
}

Task<Result<bool>> ReceiptDesk::same_person(const Jid& a, const std::string& b) {
  const auto other = Jid::parse(b);
  if (!other) co_return false;
  if (a.same_account(*other)) co_return true;
  WA_CO_TRY(const Jid first, co_await parts_.lids.canonical(a));
  WA_CO_TRY(const Jid second, co_await parts_.lids.canonical(*other));
  co_return first.same_account(second);
}

Task<Result<void>> ReceiptDesk::note_progress(const ReceiptNews& news) {
  auto query = [&news](DeviceStore& device) { return look_up(device, news.steps); };
  WA_CO_TRY(const auto known, co_await parts_.outside.store.read(query));

  const bool delivery = news.state == State::kDelivered;
  const UnixSeconds now = parts_.connection.unix_seconds();
  Changes changes;
  std::map<std::pair<Jid, UnixSeconds>, MessageStatus> told;  // one event per person and time
  for (std::size_t i = 0; i < news.steps.size(); ++i) {
    const Step& step = news.steps[i];
    const std::uint8_t before =
        delivery ? std::max(known[i].by_device, known[i].by_person) : known[i].by_person;
    if (!known[i].chat || before >= rank(news.state)) continue;
    WA_CO_TRY(const bool ours, co_await same_person(news.chat, *known[i].chat));
    if (!ours) continue;  // somebody claims to have got what was written to another
    const Jid who = delivery ? step.by : step.by.account();
    const UnixSeconds at = step.at != 0 ? step.at : now;
    std::string key = delivery ? device_key(step.id, who) : person_key(step.id, who);
    changes.records.push_back({kStatusKind, std::move(key), {rank(news.state)}, now + kStatusLife});
    MessageStatus& status = told[{who, at}];
    status.chat = news.chat;
    status.state = news.state;
    status.by = who;
    status.at = at;
    if (std::ranges::find(status.ids, step.id) == status.ids.end()) status.ids.push_back(step.id);
  }
  if (told.empty()) co_return Result<void>{};
  for (const auto& [who, status] : told) parts_.outside.sink.stage_event(status, changes);
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  parts_.outside.sink.staged();
  co_return Result<void>{};
}

Task<Result<void>> ReceiptDesk::note_read_by_us(const ReceiptNews& news) {
  ChatChange change;
  WA_CO_TRY(change.chat, co_await parts_.lids.canonical(news.chat));
  change.read = true;
  change.at = news.steps.empty() || news.steps.front().at == 0 ? parts_.connection.unix_seconds()
                                                               : news.steps.front().at;
  Changes changes;
  parts_.outside.sink.stage_event(change, changes);
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  parts_.outside.sink.staged();
  co_return Result<void>{};
}

}  // namespace whatsapp
