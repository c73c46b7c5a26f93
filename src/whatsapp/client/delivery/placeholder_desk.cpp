#include "whatsapp/client/delivery/placeholder_desk.h"

#include <algorithm>
#include <climits>
#include <utility>

#include "proto/history.pb.h"
#include "proto/peer_data.pb.h"
#include "whatsapp/binary/codec.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/sync/record_bytes.h"

namespace whatsapp {

using base::Bytes;
using base::ByteView;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

// Records of kind "placeholder", key: message id, value: a byte (0 wanted, 1 asked) ‖ the encoded stanza
// without its children.
constexpr const char* kKind = "placeholder";
constexpr UnixSeconds kLife = 14 * 86'400;  // the phone does not look further back
constexpr int kPlaceholderResend = 4;       // PeerDataOperationRequestType
constexpr base::Duration kGather = 200ms;   // so that one request serves what fails together
constexpr std::size_t kMostResults = 256;

Node envelope_of(const Node& stanza) {
  Node out(stanza.tag());
  for (const auto& attribute : stanza.attributes()) out.set(attribute.key, attribute.value);
  return out;
}

}  // namespace

struct PlaceholderDesk::Entry {
  enum class State : std::uint8_t { kWanted = 0, kAsked = 1 } state = State::kWanted;
  Node stanza;

  static std::optional<Entry> parse(ByteView bytes) {
    if (bytes.empty()) return std::nullopt;
    auto stanza = binary::decode(bytes.subspan(1));
    if (!stanza) return std::nullopt;
    return Entry{bytes[0] == 1 ? State::kAsked : State::kWanted, *std::move(stanza)};
  }
  [[nodiscard]] Result<store::RecordRow> row(const std::string& id, UnixSeconds now) const {
    WA_TRY(const Bytes encoded, binary::encode(stanza));
    Bytes value{static_cast<std::uint8_t>(state)};
    base::append(value, encoded);
    return store::RecordRow{kKind, id, std::move(value), now + kLife};
  }
};

// ---- what is missing ------------------------------------------------------------------------------------

bool PlaceholderDesk::worth_asking(const Node& stanza, const MessageSource& source) const {
  using Route = MessageSource::Route;
  if (source.route == Route::kChannel || source.route == Route::kPeer || source.sender.is_bot()) return false;
  if (source.sender_key_chat == "status@broadcast") return false;
  if (const Node* withheld = stanza.child("unavailable")) {
    const std::string type = withheld->attr("type").value_or("");
    if (type == "view_once" || type == "bot" || withheld->attr_is("hosted", "true")) return false;
  }
  return source.timestamp == 0 || parts_.connection.unix_seconds() - source.timestamp < kLife;
}

Task<Result<void>> PlaceholderDesk::want(const Node& stanza, const MessageSource& source, Changes& changes) {
  if (!worth_asking(stanza, source)) co_return Result<void>{};
  if (wanted_.contains(source.id)) co_return Result<void>{};
  auto query = [&source](DeviceStore& device) { return device.record(kKind, source.id); };
  WA_CO_TRY(const auto known, co_await parts_.outside.store.read(query));
  if (known) co_return Result<void>{};
  if (wanted_.size() >= kMostWanted) {
    parts_.outside.log.warn("too many messages are missing to ask the phone for all of them");
    co_return Result<void>{};
  }
  const Entry entry{Entry::State::kWanted, envelope_of(stanza)};
  auto row = entry.row(source.id, parts_.connection.unix_seconds());
  if (!row) co_return Result<void>{};
  changes.records.push_back(*std::move(row));
  wanted_[source.id] = parts_.outside.loop.clock().now() + kPatience;
  begin_asking();
  co_return Result<void>{};
}

void PlaceholderDesk::has_come(const std::string& id, Changes& changes) {
  wanted_.erase(id);
  changes.records_dropped.push_back({kKind, id});
}

// ---- asking ---------------------------------------------------------------------------------------------

void PlaceholderDesk::offline_delivery_begins() {
  offline_delivery_ = true;
  asking_ = Asking::kNot;
  wanted_.clear();  // the store has them
}

void PlaceholderDesk::offline_delivery_ended() {
  offline_delivery_ = false;
  parts_.connection.scope().spawn(load_wanted());
}

Task<void> PlaceholderDesk::load_wanted() {
  auto query = [](DeviceStore& device) { return device.records(kKind, "", kMostWanted); };
  const auto rows = co_await parts_.outside.store.read(query);
  if (!rows) co_return;
  const auto due = parts_.outside.loop.clock().now() + kPatience;
  for (const store::RecordRow& row : *rows) {
    const bool waits = !row.value.empty() && row.value[0] == static_cast<std::uint8_t>(Entry::State::kWanted);
    if (waits) wanted_.emplace(row.key, due);
  }
  begin_asking();
}

void PlaceholderDesk::begin_asking() {
  if (offline_delivery_ || wanted_.empty() || asking_ == Asking::kUnderWay) return;
  asking_ = Asking::kUnderWay;
  parts_.connection.scope().spawn(ask_when_due());
}

Task<void> PlaceholderDesk::ask_when_due() {
  while (!wanted_.empty()) {
    const auto& clock = parts_.outside.loop.clock();
    auto first = wanted_.begin()->second;
    for (const auto& [id, due] : wanted_) first = std::min(first, due);
    const auto delay = std::chrono::ceil<base::Duration>(first - clock.now());
    if (delay > base::Duration::zero()) {
      const auto waited = co_await parts_.connection.pause(delay + kGather);
      if (!waited) co_return;  // the next connection begins anew
    }
    std::vector<std::string> ids;
    for (const auto& [id, due] : wanted_)
      if (due <= clock.now() && ids.size() < kKeysPerRequest) ids.push_back(id);
    for (const std::string& id : ids) wanted_.erase(id);
    if (ids.empty()) continue;
    const auto asked = co_await ask(std::move(ids));
    if (asked) continue;
    if (asked.error().code == base::ErrorCode::kClosed || asked.error().code == base::ErrorCode::kCancelled)
      co_return;
    parts_.outside.log.warn("the phone could not be asked for missing messages",
                            {{"error", asked.error().message}});
  }
  asking_ = Asking::kNot;
}

Task<Result<std::vector<std::pair<std::string, PlaceholderDesk::Entry>>>> PlaceholderDesk::entries_of(
    std::vector<std::string> ids) {
  using Entries = std::vector<std::pair<std::string, Entry>>;
  auto query = [&ids](DeviceStore& device) -> Result<Entries> {
    Entries out;
    for (const std::string& id : ids) {
      WA_TRY(const auto row, device.record(kKind, id));
      if (!row) continue;
      if (auto entry = Entry::parse(*row)) out.emplace_back(id, *std::move(entry));
    }
    return out;
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<void>> PlaceholderDesk::ask(std::vector<std::string> ids) {
  WA_CO_TRY(auto entries, co_await entries_of(std::move(ids)));
  proto::PeerDataOperationRequestMessage request;
  request.set_peer_data_operation_request_type(kPlaceholderResend);
  Changes asked;
  for (auto& [id, entry] : entries) {
    const auto source = read_message_source(entry.stanza, parts_.connection.self());
    if (!source || entry.state == Entry::State::kAsked) continue;
    auto& key = *request.add_placeholder_message_resend_request()->mutable_message_key();
    key.set_remote_jid(source->chat.to_string());
    key.set_from_me(source->is_own());
    key.set_id(id);
    if (source->route == MessageSource::Route::kShared && !source->is_own())
      key.set_participant(source->sender.account().to_string());
    entry.state = Entry::State::kAsked;
    if (auto row = entry.row(id, parts_.connection.unix_seconds())) asked.records.push_back(*std::move(row));
  }
  if (asked.records.empty()) co_return Result<void>{};

  // Durable first: asked once, even if the answer and a crash meet.
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(asked)));
  proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE);
  protocol.set_peer_data_operation_request_message(request.SerializeAsString());
  PeerMessage peer{.content = record_bytes(message), .push = PeerMessage::Push::kHighForce};
  WA_CO_TRY_VOID(co_await peers_.send(std::move(peer)));
  co_return Result<void>{};
}

// ---- the phone's answer ---------------------------------------------------------------------------------

Task<Result<void>> PlaceholderDesk::take(const message::SelfNotice& notice, const MessageSource& source,
                                         Changes& changes) {
  const auto* answer = std::get_if<message::PeerDataResponse>(&notice);
  recovered_.clear();
  if (answer == nullptr || source.sender.device() != 0 || messages_ == nullptr) co_return Result<void>{};
  proto::PeerDataOperationRequestResponseMessage response;
  if (!parse_record(answer->response, response)) co_return Result<void>{};
  if (response.peer_data_operation_request_type() != kPlaceholderResend) co_return Result<void>{};
  std::size_t left = kMostResults;
  for (const auto& result : response.peer_data_operation_result()) {
    if (left-- == 0) break;
    const auto& resent = result.placeholder_message_resend_response();
    if (!resent.has_web_message_info_bytes()) continue;  // the phone does not have it either
    Bytes bytes = base::to_bytes(resent.web_message_info_bytes());
    WA_CO_TRY_VOID(co_await take_result(std::move(bytes), changes));
  }
  co_return Result<void>{};
}

Task<Result<void>> PlaceholderDesk::take_result(Bytes web_message, Changes& changes) {
  proto::WebMessageInfo info;
  if (!parse_record(web_message, info) || !info.has_key() || info.message().empty()) co_return Result<void>{};
  const std::string id = info.key().id();
  std::vector<std::string> ids{id};
  WA_CO_TRY(const auto entries, co_await entries_of(std::move(ids)));
  if (entries.empty() || entries.front().second.state != Entry::State::kAsked) {
    parts_.outside.log.warn("the phone sent a message that was not asked for");
    co_return Result<void>{};
  }
  const Node& stanza = entries.front().second.stanza;
  const auto source = read_message_source(stanza, parts_.connection.self());
  const auto chat = Jid::parse(info.key().remote_jid());
  if (!source || !chat || source->is_own() != info.key().from_me()) co_return Result<void>{};
  WA_CO_TRY(const Jid asked_chat, co_await parts_.lids.canonical(source->chat));
  WA_CO_TRY(const Jid given_chat, co_await parts_.lids.canonical(*chat));
  if (source->chat_is_known && !asked_chat.same_account(given_chat)) co_return Result<void>{};

  Bytes message;
  for (const std::string& part : info.message()) base::append(message, base::as_bytes(part));
  WA_CO_TRY_VOID(co_await messages_->take_recovered(stanza, std::move(message), changes));
  has_come(id, changes);
  recovered_.push_back(id);
  co_return Result<void>{};
}

void PlaceholderDesk::committed(const message::SelfNotice&, const MessageSource&) {
  if (recovered_.empty()) return;
  for (const std::string& id : std::exchange(recovered_, {})) parts_.outside.observer.on_decrypt_repaired(id);
  parts_.outside.sink.staged();
}

}  // namespace whatsapp
