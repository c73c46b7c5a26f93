#include "simulator/phone/phone_desk.h"

#include <algorithm>

#include "proto/message.pb.h"
#include "proto/pairing.pb.h"
#include "proto/simulator.pb.h"
#include "simulator/history/history_stream.h"
#include "simulator/media/person_files.h"
#include "simulator/person.h"
#include "simulator/virtual_device.h"
#include "simulator/world.h"
#include "whatsapp/message/message_id.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::proto::ProtocolMessage;

constexpr std::size_t kKeptRequests = 10'000;
/// Types of peer requests.
constexpr int kHistory = 3;
constexpr int kPlaceholder = 4;
constexpr int kFullHistory = 6;
constexpr int kRecovery = 8;

template <class Message>
bool parse(Message& out, base::ByteView bytes) {
  return out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

PhoneDesk::PhoneDesk(World& world, SimulatedPhone& phone)
    : world_(world), phone_(phone), app_state_(world, phone.account()), timers_(world.loop()) {
  const Account& account = phone.account();
  if (account.push_name.empty()) return;
  const auto now = world.loop().clock().unix_millis();
  (void)app_state_.change(app_state::make(app_state::OwnPushName{account.push_name}, now));
}

PhoneDesk::~PhoneDesk() = default;

void PhoneDesk::note(CompanionRequest request) {
  requests_.push_back(std::move(request));
  if (requests_.size() > kKeptRequests) requests_.pop_front();
  world_.changed();
}

/// Runs `answer` after the delay of our manners, if the companion is still there.
void PhoneDesk::later(std::uint16_t companion, std::function<void(Device&)> answer) {
  timers_.after(manners.delay, [this, companion, answer = std::move(answer)] {
    if (Device* device = phone_.account().device(companion)) answer(*device);
  });
}

Result<std::string> PhoneDesk::tell(Device& companion, base::ByteView message) {
  std::string id = whatsapp::message::generate_message_id(
      phone_.account().pn_user, static_cast<std::uint64_t>(world_.server().state().now()), world_.random());
  WA_TRY_VOID(phone_.device(0).send_peer_message(id, companion, message));
  return id;
}

// ---- linking ----------------------------------------------------------------------------------------

void PhoneDesk::provision(Device& companion) {
  if (manners.key_share == PhoneManners::KeyShare::kAtLink) (void)share_keys(companion);
  for (const HistoryPlan& plan : manners.history_at_link) (void)send_history(companion, plan);
}

Result<std::string> PhoneDesk::share_keys(Device& companion) {
  return tell(companion, app_state_.key_share());
}

Result<std::string> PhoneDesk::tell_mappings(
    Device& companion, const std::vector<std::pair<std::uint64_t, std::uint64_t>>& pairs) {
  whatsapp::proto::LIDMigrationMappingSyncPayload payload;
  for (const auto& [pn, lid] : pairs) {
    auto& mapping = *payload.add_pn_to_lid_mappings();
    mapping.set_pn(pn);
    mapping.set_assigned_lid(lid);
  }
  payload.set_chat_db_migration_timestamp(static_cast<std::uint64_t>(world_.server().state().now()));
  whatsapp::proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(ProtocolMessage::LID_MIGRATION_MAPPING_SYNC);
  protocol.mutable_lid_migration_mapping_sync_message()->set_encoded_mapping_payload(
      payload.SerializeAsString());
  return tell(companion, base::as_bytes(message.SerializeAsString()));
}

HistoryScript PhoneDesk::script_for(const HistoryPlan& plan) {
  HistoryScript script{.plan = plan, .chats = {}, .now = world_.server().state().now(), .seed = 0};
  script.seed = world_.settings().seed * 1'000 + next_seed_++;
  if (!plan.only_chat.empty()) {
    const auto jid = Jid::parse(plan.only_chat);
    const Account* account = jid ? world_.server().directory().account(*jid) : nullptr;
    script.chats.push_back(account == nullptr ? HistoryChat{plan.only_chat, plan.only_chat, "chat"}
                                              : HistoryChat{account->pn().to_string(),
                                                            account->lid().to_string(), account->push_name});
    return script;
  }
  for (const auto& contact : world_.contacts()) {
    if (script.chats.size() == plan.chats) break;
    const std::string& name = contact->account().push_name;
    script.chats.push_back({contact->pn(), contact->lid(), name.empty() ? contact->number() : name});
  }
  for (std::size_t i = script.chats.size(); i < plan.chats; ++i) {
    const std::string number = std::to_string(10'000'000 + i);
    script.chats.push_back(
        {"55990" + number + "@s.whatsapp.net", "9990000" + number + "@lid", "Chat " + number});
  }
  return script;
}

InlineOffer PhoneDesk::offer_of(const Device& companion) {
  whatsapp::proto::DeviceProps props;
  const bool offered = props.ParseFromString(companion.props) &&
                       props.history_sync_config().inline_initial_payload_in_e2ee_msg();
  return offered ? InlineOffer::kOffered : InlineOffer::kRefused;
}

Result<std::vector<std::string>> PhoneDesk::announce(Device& companion, const HistoryChunk& chunk) {
  const base::Bytes notice = history_notice(chunk);
  std::vector<std::string> ids;
  for (int i = 0; i < (chunk.plan.fault == HistoryPlan::Fault::kTwice ? 2 : 1); ++i) {
    WA_TRY(std::string id, tell(companion, notice));
    history_files_[id] = chunk.file;
    ids.push_back(std::move(id));
  }
  return ids;
}

Result<std::vector<std::string>> PhoneDesk::send_history(Device& companion, const HistoryPlan& plan) {
  WA_TRY(const HistoryChunk chunk,
         make_history_chunk(world_.server().state().media, script_for(plan),
                            whatsapp::media::MediaKey{world_.random().bytes<32>()}, offer_of(companion)));
  return announce(companion, chunk);
}

// ---- requests ---------------------------------------------------------------------------------------

void PhoneDesk::on_peer_message(const std::string& id, Device& companion, base::ByteView bytes) {
  whatsapp::proto::Message message;
  if (!parse(message, bytes)) return;
  // Some clients wrap what they tell their own phone like a message to others.
  const ProtocolMessage& protocol = message.has_device_sent_message()
                                        ? message.device_sent_message().message().protocol_message()
                                        : message.protocol_message();
  if (protocol.type() == ProtocolMessage::APP_STATE_SYNC_KEY_REQUEST) {
    note({id, companion.account.pn(companion.id).to_string(), "key_request", ""});
    answer_keys(companion, base::as_bytes(protocol.app_state_sync_key_request()));
  } else if (protocol.type() == ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE) {
    answer_request(id, companion, base::as_bytes(protocol.peer_data_operation_request_message()));
  } else if (protocol.type() == ProtocolMessage::APP_STATE_FATAL_EXCEPTION_NOTIFICATION) {
    // A companion must never say this: the phone would throw out all of them.
    world_.server().state().report(companion.account.pn(companion.id).to_string(), "fatal_exception_sent",
                                   id);
  }
}

void PhoneDesk::answer_keys(Device& companion, base::ByteView bytes) {
  proto::KeyRequest request;
  if (!parse(request, bytes) || manners.key_request == PhoneManners::KeyRequest::kNever) return;
  std::vector<app_state::KeyId> wanted;
  for (const auto& key : request.key_ids()) wanted.push_back(base::to_bytes(key.key_id()));
  const base::Bytes share = manners.key_request == PhoneManners::KeyRequest::kOrphan
                                ? PhoneAppState::orphan_share(wanted)
                                : app_state_.key_share(wanted);
  later(companion.id, [this, share](Device& device) { (void)tell(device, share); });
}

void PhoneDesk::answer_request(const std::string& id, Device& companion, base::ByteView bytes) {
  proto::PeerRequest request;
  if (!parse(request, bytes)) return;
  const std::string device = companion.account.pn(companion.id).to_string();
  if (request.type() == kHistory) {
    const auto& wanted = request.history();
    note({id, device, "history", wanted.chat_jid()});
    HistoryPlan plan{
        .type = HistoryType::kOnDemand, .archive = manners.archive, .only_chat = wanted.chat_jid()};
    plan.messages_per_chat = static_cast<std::size_t>(std::max(wanted.on_demand_msg_count(), 1));
    plan.before_number = history_message_number(wanted.oldest_msg_id()).value_or(manners.archive);
    const bool complete = *plan.before_number <= plan.messages_per_chat;
    plan.end_of_transfer = complete ? 1 : 2;
    plan.session_id = id;
    answer_history(companion, plan);
  } else if (request.type() == kFullHistory) {
    note({id, device, "full_history", request.full_history().request_metadata().request_id()});
    HistoryPlan plan{.type = HistoryType::kFull, .messages_per_chat = manners.archive};
    plan.full_request_id = request.full_history().request_metadata().request_id();
    answer_history(companion, plan);
  } else if (request.type() == kPlaceholder) {
    std::vector<std::string> keys;
    for (const auto& placeholder : request.placeholders()) keys.push_back(placeholder.message_key());
    note({id, device, "placeholder", std::to_string(keys.size())});
    answer_placeholders(id, companion, keys);
  } else if (request.type() == kRecovery) {
    note({id, device, "recovery", request.fatal_recovery().collection_name()});
    answer_recovery(id, companion, request.fatal_recovery().collection_name());
  } else {
    note({id, device, "other", std::to_string(request.type())});
  }
}

void PhoneDesk::answer_history(Device& companion, const HistoryPlan& plan) {
  if (manners.on_demand == PhoneManners::OnDemand::kNever) return;
  later(companion.id, [this, plan](Device& device) { (void)send_history(device, plan); });
}

namespace {

base::Bytes response_message(const proto::PeerResponse& response) {
  whatsapp::proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(ProtocolMessage::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE);
  protocol.set_peer_data_operation_request_response_message(response.SerializeAsString());
  return base::to_bytes(message.SerializeAsString());
}

}  // namespace

void PhoneDesk::answer_placeholders(const std::string& id, Device& companion,
                                    const std::vector<std::string>& message_keys) {
  if (manners.placeholder == PhoneManners::Placeholder::kNever) return;
  proto::PeerResponse response;
  response.set_type(kPlaceholder);
  response.set_stanza_id(id);
  for (const std::string& key : message_keys) {
    auto& result = *response.add_results()->mutable_placeholder();
    if (manners.placeholder == PhoneManners::Placeholder::kMissing) continue;
    if (const base::Bytes info = web_message_info(key); !info.empty())
      result.set_web_message_info(base::to_string(info));
  }
  later(companion.id,
        [this, message = response_message(response)](Device& device) { (void)tell(device, message); });
}

void PhoneDesk::answer_recovery(const std::string& id, Device& companion, const std::string& name) {
  const auto collection = app_state::collection_from(name);
  if (manners.recovery == PhoneManners::Recovery::kNever || !collection) return;
  auto copy = app_state_.plain_copy(*collection);
  if (!copy) return;
  const bool gzip = manners.recovery == PhoneManners::Recovery::kGzip;
  if (gzip) {
    whatsapp::media::MemorySource plain(*copy);
    auto packed = compressed(plain, DeflateSource::Format::kGzip);
    if (!packed) return;
    copy = *std::move(packed);
  }
  proto::PeerResponse response;
  response.set_type(kRecovery);
  response.set_stanza_id(id);
  auto& result = *response.add_results()->mutable_fatal_recovery();
  result.set_collection_snapshot(base::to_string(*copy));
  result.set_is_compressed(gzip);
  later(companion.id,
        [this, message = response_message(response)](Device& device) { (void)tell(device, message); });
}

}  // namespace simulator
