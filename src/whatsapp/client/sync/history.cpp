#include "whatsapp/client/sync/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "proto/account_records.pb.h"
#include "proto/message.pb.h"
#include "proto/peer_data.pb.h"
#include "whatsapp/client/sync/record_bytes.h"
#include "whatsapp/media/media_retry.h"

namespace whatsapp {

using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using media::ExternalHistory;
using media::HistoryNotification;
using media::SyncType;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kRecords = "pending_history";
constexpr std::size_t kPage = 16;
constexpr std::uint32_t kMostAttempts = 8;
constexpr base::Duration kFirstRetry = 30s;
constexpr base::Duration kLongestRetry = 30min;
constexpr base::Duration kPatienceWithUpload = 5min;
constexpr base::Duration kPatienceWithPhone = 60s;
constexpr std::uint64_t kMostChunkBytes = std::uint64_t{512} << 20;
constexpr std::uint32_t kMostOnDemand = 500;
constexpr int kOnDemandOperation = 3;

bool is_end(const base::Error& error) {
  return error.code == ErrorCode::kClosed || error.code == ErrorCode::kCancelled;
}

/// The file, or what it should be, is of no use: downloading it again changes nothing.
bool file_is_bad(const base::Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kCrypto ||
         error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kMalformed;
}

}  // namespace

struct History::Pending {
  std::string key;  // arrival, then message id
  proto::PendingHistoryRecord record;

  [[nodiscard]] std::string message_id() const { return key.substr(key.find('-') + 1); }
};

/// Somebody waits for the answer to a request of his.
struct History::Request {
  Request(History& owner, const std::string& request_id)
      : history(owner), id(request_id), answered(owner.parts_.outside.loop) {
    history.requests_[id] = this;
    timer = loop().call_after(kPatienceWithPhone, [this] {
      timer = 0;
      answered.set(runtime::Done{});
    });
  }
  ~Request() {
    history.requests_.erase(id);
    loop().cancel_timer(timer);
  }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  [[nodiscard]] runtime::EventLoop& loop() const { return history.parts_.outside.loop; }

  History& history;
  std::string id;
  runtime::OneShot<runtime::Done> answered;
  Result<ImportedHistory> result = fail(ErrorCode::kTimeout, "our phone has not answered; it may be off");
  runtime::EventLoop::TimerId timer = 0;
};

History::History(DeskParts& parts, PeerMessenger& peers, AccountBook& book)
    : parts_(parts), peers_(peers), book_(book), import_(parts, book) {}

// ---- notices
// --------------------------------------------------------------------------------------------------

Task<Result<void>> History::take(const message::SelfNotice& notice, const MessageSource& source,
                                 Changes& changes) {
  const auto* history = std::get_if<message::HistorySyncNotice>(&notice);
  if (history == nullptr) co_return Result<void>{};
  proto::PendingHistoryRecord record;
  record.set_notification(history->notification.data(), history->notification.size());
  record.set_receipt_to(source.sender.account().to_string());
  record.set_received_at(parts_.connection.unix_seconds());
  // Chunks are read in the order in which they came.
  const auto arrival = static_cast<std::uint64_t>(parts_.outside.loop.clock().unix_millis());
  arrivals_ = std::max(arrivals_ + 1, arrival);
  changes.records.push_back(
      {std::string{kRecords}, fmt::format("{:016x}-{}", arrivals_, source.id), record_bytes(record), 0});
  co_return Result<void>{};
}

void History::committed(const message::SelfNotice& notice, const MessageSource& /*source*/) {
  if (std::holds_alternative<message::HistorySyncNotice>(notice)) work();
}

void History::attached() {
  running_ = false;
  waiting_.clear();
}

void History::offline_finished() { work(); }

void History::work() {
  if (running_ || !parts_.connection.attached()) return;
  running_ = true;
  parts_.connection.scope().spawn(run());
}

Task<void> History::run() {
  for (;;) {
    auto next = co_await next_pending();
    if (!next || !*next) {
      if (!next && !is_end(next.error())) parts_.connection.give_up(next.error());
      break;
    }
    Pending pending = **std::move(next);
    const auto fate = co_await process(pending);
    if (!fate) {
      if (!is_end(fate.error())) parts_.connection.give_up(fate.error());
      break;
    }
    if (*fate == Fate::kWaiting) continue;
    const auto went = co_await conclude(std::move(pending));
    if (!went) break;
  }
  running_ = false;
}

Task<Result<std::optional<History::Pending>>> History::next_pending() {
  // A copy: the lane must not read what the loop changes meanwhile.
  auto query = [waiting = waiting_](DeviceStore& device) -> Result<std::optional<Pending>> {
    std::string after;
    for (;;) {
      WA_TRY(const auto page, device.records(std::string{kRecords}, after, kPage));
      for (const store::RecordRow& row : page) {
        if (waiting.contains(row.key)) continue;
        Pending out{row.key, {}};
        if (!parse_record(row.value, out.record)) out.record.Clear();
        return out;
      }
      if (page.size() < kPage) return std::nullopt;
      after = page.back().key;
    }
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<void>> History::conclude(Pending pending) {
  const std::string id = pending.message_id();
  if (const auto to = Jid::parse(pending.record.receipt_to())) {
    const Node receipt =
        Node("receipt").with("id", std::string{id}).with("to", *to).with("type", "hist_sync");
    WA_CO_TRY_VOID(parts_.connection.send(receipt));
  }
  Changes changes;
  changes.records_dropped.push_back({std::string{kRecords}, pending.key});
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

Task<Result<void>> History::save(const Pending& pending) {
  Changes changes;
  changes.records.push_back({std::string{kRecords}, pending.key, record_bytes(pending.record), 0});
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

// ---- a chunk
// --------------------------------------------------------------------------------------------------

bool History::wanted(SyncType type) const {
  switch (type) {
    case SyncType::kInitialBootstrap:
    case SyncType::kPushName:
    case SyncType::kNonBlockingData:
    case SyncType::kOnDemand:
      return true;
    case SyncType::kRecent:
    case SyncType::kFull:
      return parts_.settings.manners.forward_history == ForwardHistory::kYes;
    case SyncType::kInitialStatus:
    case SyncType::kNoHistory:
    case SyncType::kMessageAccessStatus:
      break;
  }
  return false;
}

Task<Result<History::Fate>> History::process(Pending& pending) {
  auto notice = media::read_history_notification(base::as_bytes(pending.record.notification()));
  if (!notice) {
    parts_.outside.log.warn("a notice of history is malformed", {{"error", notice.error().message}});
    co_return Fate::kDone;
  }
  if (!wanted(notice->sync_type) || std::holds_alternative<std::monostate>(notice->data)) {
    answer_request(*notice, ImportedHistory{.type = notice->sync_type});
    co_return Fate::kDone;
  }
  co_return co_await import(pending, *notice);
}

Task<Result<std::unique_ptr<Blob>>> History::open(const HistoryNotification& notice) {
  if (const auto* here = std::get_if<media::InlineHistory>(&notice.data))
    co_return std::make_unique<MemoryBlob>(here->compressed);
  const auto& file = std::get<ExternalHistory>(notice.data);
  if (parts_.outside.blobs == nullptr)
    co_return fail(ErrorCode::kNotFound, "there is no way to download files");
  BlobReference reference{media::MediaKind::kHistory, file.direct_path, file.proof, kMostChunkBytes};
  co_return co_await parts_.outside.blobs->fetch(std::move(reference));
}

Task<Result<History::Fate>> History::import(Pending& pending, const HistoryNotification& notice) {
  auto chunk = co_await open(notice);
  if (!chunk) co_return co_await not_had(pending, notice, chunk.error());
  const bool asked_for = notice.sync_type == SyncType::kOnDemand;
  const ForwardHistory forward = asked_for ? ForwardHistory::kYes : parts_.settings.manners.forward_history;
  const auto read = co_await import_.read(**chunk, forward);
  if (!read) {
    const bool bad_chunk =
        read.error().code == ErrorCode::kMalformed || read.error().code == ErrorCode::kLimit;
    if (!bad_chunk) co_return fail(read.error());
    parts_.outside.log.warn("a chunk of history cannot be read", {{"error", read.error().message}});
    answer_request(notice, fail(read.error()));
    co_return Fate::kDone;
  }
  parts_.outside.log.info("history read", {{"type", static_cast<int>(read->type)},
                                           {"progress", read->progress},
                                           {"chats", read->conversations},
                                           {"messages", read->messages},
                                           {"forwarded", read->forwarded}});
  answer_request(notice, *read);
  const AccountChange change{.what = "history",
                             .value = fmt::format("{}:{}", static_cast<int>(read->type), read->progress),
                             .at = parts_.connection.unix_seconds()};
  Changes changes;
  parts_.outside.sink.stage_event(change, changes);
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  parts_.outside.sink.staged();
  co_return Fate::kDone;
}

Task<Result<History::Fate>> History::not_had(Pending& pending, const HistoryNotification& notice,
                                             base::Error why) {
  if (is_end(why)) co_return fail(std::move(why));
  parts_.outside.log.info("a chunk of history could not be had",
                          {{"error", why.message}, {"attempts", pending.record.attempts()}});
  if (file_is_bad(why) || why.code == ErrorCode::kLimit) {
    const auto* file = std::get_if<ExternalHistory>(&notice.data);
    const bool asks = file_is_bad(why) && file != nullptr && parts_.outside.blobs != nullptr &&
                      !pending.record.asked_again();
    if (!asks) {
      answer_request(notice, fail(std::move(why)));
      co_return Fate::kDone;
    }
    co_return co_await ask_to_upload(pending, *file);
  }
  pending.record.set_attempts(pending.record.attempts() + 1);
  if (pending.record.attempts() >= kMostAttempts) co_return Fate::kDone;
  WA_CO_TRY_VOID(co_await save(pending));
  waiting_.insert(pending.key);
  const base::Duration delay = std::min(kFirstRetry * (1 << pending.record.attempts()), kLongestRetry);
  parts_.connection.scope().spawn(give_up_after(pending.key, delay));
  co_return Fate::kWaiting;
}

/// Waited long enough: it is tried (again), and then given up if nothing has changed.
Task<void> History::give_up_after(std::string key, base::Duration patience) {
  const auto waited = co_await parts_.connection.pause(patience);
  if (!waited) co_return;
  if (waiting_.erase(key) > 0) work();
}

// ---- gone from the hosts
// --------------------------------------------------------------------------------------

Task<Result<History::Fate>> History::ask_to_upload(Pending& pending, const ExternalHistory& file) {
  pending.record.set_asked_again(true);
  WA_CO_TRY_VOID(co_await save(pending));
  const std::string id = pending.message_id();
  const auto sealed = media::seal_retry_request(file.proof.media_key, id, parts_.outside.random);
  Node encrypt = Node("encrypt")
                     .add(Node("enc_p").bytes(base::ByteView{sealed.ciphertext}))
                     .add(Node("enc_iv").bytes(base::ByteView{sealed.iv}));
  Node receipt = Node("receipt")
                     .with("id", std::string{id})
                     .with("type", "server-error")
                     .with("to", parts_.connection.self().pn.account())
                     .with("category", "peer")
                     .add(std::move(encrypt));
  WA_CO_TRY_VOID(parts_.connection.send(receipt));
  waiting_.insert(pending.key);
  parts_.connection.scope().spawn(give_up_after(pending.key, kPatienceWithUpload));
  co_return Fate::kWaiting;
}

/// The phone has uploaded it again: the notice gets the new path.
Task<Result<void>> History::take(const Node& notification, Changes& changes) {
  const std::string id = notification.attr("id").value_or("");
  const Node* encrypt = notification.child("encrypt");
  if (id.empty() || encrypt == nullptr || waiting_.empty()) co_return Result<void>{};
  const auto key =
      std::ranges::find_if(waiting_, [&](const std::string& one) { return one.ends_with("-" + id); });
  if (key == waiting_.end()) co_return Result<void>{};
  const std::string name = *key;
  auto query = [&name](DeviceStore& device) { return device.record(std::string{kRecords}, name); };
  WA_CO_TRY(const auto bytes, co_await parts_.outside.store.read(query));
  Pending pending{name, {}};
  if (!bytes || !parse_record(*bytes, pending.record)) co_return Result<void>{};
  const auto notice = media::read_history_notification(base::as_bytes(pending.record.notification()));
  const auto* file = notice ? std::get_if<ExternalHistory>(&notice->data) : nullptr;
  if (file == nullptr) co_return Result<void>{};
  const auto answer = media::open_retry_answer(file->proof.media_key, id,
                                               encrypt->child_bytes("enc_iv").value_or(base::ByteView{}),
                                               encrypt->child_bytes("enc_p").value_or(base::ByteView{}));
  if (!answer || answer->direct_path.empty()) co_return Result<void>{};
  // Fields merge, the last one wins: the path is simply said once more.
  std::string notice_bytes = pending.record.notification();
  const std::string path = answer->direct_path.substr(0, 4096);
  notice_bytes.push_back(static_cast<char>((5 << 3) | 2));
  for (std::size_t length = path.size();;) {
    const auto low = static_cast<char>(length & 0x7F);
    length >>= 7;
    notice_bytes.push_back(length != 0 ? static_cast<char>(low | '\x80') : low);
    if (length == 0) break;
  }
  pending.record.set_notification(notice_bytes + path);
  changes.records.push_back({std::string{kRecords}, name, record_bytes(pending.record), 0});
  co_return Result<void>{};
}

void History::committed(const Node& notification) {
  const std::string id = notification.attr("id").value_or("");
  if (std::erase_if(waiting_, [&](const std::string& one) { return one.ends_with("-" + id); }) > 0) work();
}

// ---- older messages
// -------------------------------------------------------------------------------------------

Task<Result<ImportedHistory>> History::ask_for_older(Jid chat, std::optional<HistoryAnchor> before,
                                                     std::uint32_t count) {
  const Jid account = chat.normalized().account();
  if (account.user().empty() || count == 0 || count > kMostOnDemand)
    co_return fail(ErrorCode::kInvalidArgument, "no such chat, or too many messages at once");
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  if (!before) {
    WA_CO_TRY(const ChatFacts facts, co_await book_.chat(account));
    if (!facts.oldest) co_return fail(ErrorCode::kNotFound, "history has told nothing of this chat");
    const bool own = facts.oldest->author == ChatFacts::OldestMessage::Author::kMe;
    before = HistoryAnchor{facts.oldest->id, own ? HistoryAnchor::Author::kMe : HistoryAnchor::Author::kThem,
                           facts.oldest->at};
  }
  proto::PeerDataOperationRequestMessage request;
  request.set_peer_data_operation_request_type(kOnDemandOperation);
  auto& wanted = *request.mutable_history_sync_on_demand_request();
  wanted.set_chat_jid(account.to_string());
  wanted.set_oldest_msg_id(before->message_id);
  wanted.set_oldest_msg_from_me(before->author == HistoryAnchor::Author::kMe);
  wanted.set_on_demand_msg_count(static_cast<std::int32_t>(count));
  wanted.set_oldest_msg_timestamp_ms(before->at);
  wanted.set_support_inline_response(true);
  proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE);
  protocol.set_peer_data_operation_request_message(request.SerializeAsString());

  PeerMessage peer;
  peer.id = peers_.fresh_id();
  peer.content = record_bytes(message);
  peer.push = PeerMessage::Push::kHighForce;
  peer.privacy = PeerMessage::Privacy::kSensitive;
  Request waiting(*this, peer.id);
  WA_CO_TRY_VOID(co_await peers_.send(std::move(peer)));
  WA_CO_TRY_VOID(co_await parts_.connection.await_event(waiting.answered));
  co_return std::move(waiting.result);
}

void History::answer_request(const HistoryNotification& notice, Result<ImportedHistory> result) {
  if (notice.sync_type != SyncType::kOnDemand) return;
  // Some phones do not say to which request they answer.
  auto found = requests_.find(notice.request_id);
  if (found == requests_.end() && notice.request_id.empty() && requests_.size() == 1)
    found = requests_.begin();
  if (found == requests_.end()) return;
  found->second->result = std::move(result);
  found->second->answered.set(runtime::Done{});
}

}  // namespace whatsapp
