#include "simulator/phone/phone_desk.h"

#include <doctest/doctest.h>

#include "../signal_companion.h"
#include "proto/history.pb.h"
#include "proto/simulator.pb.h"
#include "simulator/media/person_files.h"
#include "whatsapp/media/inflate_source.h"

namespace simulator {
namespace {

namespace media = whatsapp::media;
using whatsapp::proto::ProtocolMessage;

ProtocolMessage peer_request(const proto::PeerRequest& request) {
  ProtocolMessage message;
  message.set_type(ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE);
  message.set_peer_data_operation_request_message(request.SerializeAsString());
  return message;
}

proto::PeerResponse response_in(const ProtocolMessage& message) {
  proto::PeerResponse response;
  REQUIRE(message.type() == ProtocolMessage::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE);
  REQUIRE(response.ParseFromString(message.peer_data_operation_request_response_message()));
  return response;
}

TEST_CASE("a new companion gets the keys of app state, then its history, once it has pre-keys") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  phone.desk().manners.history_at_link = {{}, {.type = HistoryType::kPushName}};
  SignalCompanion companion(desk);
  companion.join(phone);
  const auto messages = companion.read_all();
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].second.protocol_message().type() == ProtocolMessage::APP_STATE_SYNC_KEY_SHARE);
  CHECK(messages[1].second.protocol_message().type() == ProtocolMessage::HISTORY_SYNC_NOTIFICATION);
  const Node* stanza = companion.wire().first("message");
  CHECK(stanza->jid("from") == phone.account().pn());
  CHECK(stanza->child("device-identity") == nullptr);
}

TEST_CASE("peer and history receipts reach the phone") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  SignalCompanion companion(desk);
  companion.join(phone);
  const std::string id = companion.read_all().front().first;
  for (const char* type : {"peer_msg", "hist_sync"})
    companion.say(Node("receipt").with("id", id).with("to", phone.account().pn()).with("type", type));
  desk.settle();
  CHECK(phone.receipts_for(id) == std::vector<std::string>{"peer_msg", "hist_sync"});
}

TEST_CASE("keys that are asked for are shared, or owned up to be missing") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  phone.desk().manners.key_share = PhoneManners::KeyShare::kNever;
  SignalCompanion companion(desk);
  companion.join(phone);
  CHECK(companion.read_all().empty());

  proto::KeyRequest wanted;
  wanted.add_key_ids()->set_key_id(std::string("\0\0\0\0\0\1", 6));
  wanted.add_key_ids()->set_key_id("other!");
  ProtocolMessage request;
  request.set_type(ProtocolMessage::APP_STATE_SYNC_KEY_REQUEST);
  request.set_app_state_sync_key_request(wanted.SerializeAsString());
  companion.ask(phone, "ASK1", request);
  const auto share = companion.read_one().app_state_sync_key_share();
  REQUIRE(share.keys_size() == 2);
  CHECK(share.keys(0).key_data().key_data().size() == 32);
  CHECK_FALSE(share.keys(1).has_key_data());

  phone.desk().manners.key_request = PhoneManners::KeyRequest::kOrphan;
  companion.ask(phone, "ASK2", request);
  CHECK_FALSE(companion.read_one().app_state_sync_key_share().keys(0).has_key_data());
  phone.desk().manners.key_request = PhoneManners::KeyRequest::kNever;
  companion.ask(phone, "ASK3", request);
  CHECK(companion.read_all().empty());
  CHECK(phone.desk().requests().size() == 3);
}

TEST_CASE("a collection's plain copy comes compressed") {
  Desk desk;
  SimulatedPhone& phone = desk.phone({.name = "Owner"});
  SignalCompanion companion(desk);
  companion.join(phone);
  companion.read_all();
  proto::PeerRequest request;
  request.set_type(8);
  request.mutable_fatal_recovery()->set_collection_name("critical_block");
  companion.ask(phone, "RECOVER", peer_request(request));
  const auto response = response_in(companion.read_one());
  CHECK(response.stanza_id() == "RECOVER");
  const auto& copy = response.results(0).fatal_recovery();
  REQUIRE(copy.is_compressed());
  media::MemorySource packed(base::as_bytes(copy.collection_snapshot()));
  media::InflateSource plain(packed);
  base::Bytes room(4096);
  CHECK(*plain.read(room) > 100);
}

TEST_CASE("a message that the companion could not read comes from the phone") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  SimulatedContact& friend_ = desk.contact({{.name = "Friend"}});
  SignalCompanion companion(desk);
  companion.join(phone);
  companion.read_all();
  const auto id = friend_.send_text(phone.pn(), "lost on the way");
  REQUIRE(id);
  desk.settle();

  whatsapp::proto::MessageKey key;
  key.set_remote_jid(friend_.pn());
  key.set_id(*id);
  proto::PeerRequest request;
  request.set_type(4);
  request.add_placeholders()->set_message_key(key.SerializeAsString());
  key.set_id("NEVER-SENT");
  request.add_placeholders()->set_message_key(key.SerializeAsString());
  companion.ask(phone, "RESEND", peer_request(request));
  const auto response = response_in(companion.read_one());
  REQUIRE(response.results_size() == 2);
  whatsapp::proto::WebMessageInfo info;
  REQUIRE(info.ParseFromString(response.results(0).placeholder().web_message_info()));
  CHECK(info.key().id() == *id);
  CHECK(info.push_name() == "Friend");
  whatsapp::proto::Message content;
  REQUIRE(content.ParseFromString(info.message(0)));
  CHECK(content.conversation() == "lost on the way");
  CHECK_FALSE(response.results(1).placeholder().has_web_message_info());
}

TEST_CASE("older messages of a chat come as a chunk for the request") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  SignalCompanion companion(desk);
  companion.join(phone);
  companion.read_all();
  proto::PeerRequest request;
  request.set_type(3);
  request.mutable_history()->set_chat_jid("5511999@s.whatsapp.net");
  request.mutable_history()->set_oldest_msg_id("HIST5511999-20");
  request.mutable_history()->set_on_demand_msg_count(50);
  companion.ask(phone, "OLDER", peer_request(request));
  proto::HistoryNotice notice;
  REQUIRE(notice.ParseFromString(companion.read_one().history_sync_notification()));
  CHECK(notice.sync_type() == 6);
  CHECK(notice.peer_data_request_session_id() == "OLDER");
}

/// Asks for the file of message `id` again; returns the phone's answer.
const Node* ask_for_file(Desk& desk, SignalCompanion& companion, SimulatedPhone& phone, const std::string& id,
                         const media::MediaKey& key) {
  const auto sealed = media::seal_retry_request(key, id, desk.world.random());
  companion.say(Node("receipt")
                    .with("id", id)
                    .with("to", phone.account().lid())
                    .with("type", "server-error")
                    .add(Node("encrypt")
                             .add(Node("enc_p").bytes(base::ByteView{sealed.ciphertext}))
                             .add(Node("enc_iv").bytes(base::ByteView{sealed.iv})))
                    .add(Node("rmr").with("jid", phone.account().pn()).with("from_me", "false")));
  desk.settle();
  desk.pass(base::Duration{1});
  return companion.wire().last("notification");
}

TEST_CASE("a file that is gone is uploaded again by the phone, under another path") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  SimulatedContact& friend_ = desk.contact();
  SignalCompanion companion(desk);
  companion.join(phone);
  FileToSend file;
  file.facts.kind = media::MediaKind::kImage;
  file.content = base::Bytes{1, 2, 3};
  const auto id = send_file(desk.world, friend_, phone.pn(), file);
  REQUIRE(id);
  desk.settle();
  const FileReference sent = *received_file(phone, *id);
  MediaStore& store = desk.core().state().media;
  REQUIRE(store.expire({}, 410));
  const media::MediaKey key{base::to_fixed<32>(sent.media_key)};

  const Node* answer = ask_for_file(desk, companion, phone, *id, key);
  REQUIRE(answer->attr_is("type", "mediaretry"));
  CHECK(answer->attr_is("id", *id));
  CHECK(answer->jid("from") == phone.account().lid());
  CHECK(answer->child("rmr") != nullptr);
  const auto open = [&](const Node& stanza) {
    const Node* encrypt = stanza.child("encrypt");
    return media::open_retry_answer(key, *id, *encrypt->child_bytes("enc_iv"),
                                    *encrypt->child_bytes("enc_p"));
  };
  const auto opened = open(*answer);
  REQUIRE(opened);
  CHECK(opened->result == media::RetryResult::kSuccess);
  FileReference again = sent;
  again.direct_path = opened->direct_path;
  CHECK(*fetch_bytes(store, again) == base::Bytes{1, 2, 3});

  phone.desk().manners.media_retry = PhoneManners::MediaRetry::kNotFound;
  CHECK(open(*ask_for_file(desk, companion, phone, *id, key))->result == media::RetryResult::kNotFound);
  phone.desk().manners.media_retry = PhoneManners::MediaRetry::kGarbage;
  CHECK(open(*ask_for_file(desk, companion, phone, *id, key)).error().code == base::ErrorCode::kCrypto);
  CHECK(desk.core().state().violations.empty());
  ask_for_file(desk, companion, phone, *id, media::MediaKey{});
  CHECK(desk.core().state().violations.front().what == "bad_media_retry");
}

TEST_CASE("a chunk of history that is gone is uploaded again too") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  SignalCompanion companion(desk);
  companion.join(phone);
  companion.read_all();
  HistoryPlan plan{.type = HistoryType::kRecent};
  plan.fault = HistoryPlan::Fault::kExpired;
  Device& device = *desk.core().directory().device(companion.jid);
  REQUIRE(phone.desk().send_history(device, plan));
  desk.settle();
  proto::HistoryNotice notice;
  REQUIRE(notice.ParseFromString(companion.read_one().history_sync_notification()));
  const media::MediaKey key{base::to_fixed<32>(base::as_bytes(notice.media_key()))};
  const Node* answer = ask_for_file(desk, companion, phone, companion.last_id, key);
  const Node* encrypt = answer->child("encrypt");
  const auto opened = media::open_retry_answer(key, companion.last_id, *encrypt->child_bytes("enc_iv"),
                                               *encrypt->child_bytes("enc_p"));
  REQUIRE(opened);
  CHECK(desk.core().state().media.find(opened->direct_path)->gone == 0);
}

}  // namespace
}  // namespace simulator
