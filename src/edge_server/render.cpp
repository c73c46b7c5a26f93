#include "edge_server/render.h"

#include <nlohmann/json.hpp>
#include <set>

#include "edge_server/route_handlers.h"
#include "runtime/json.h"

namespace edge_server {

using Json = nlohmann::json;

namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json object_or_null(const std::string& text) {
  if (text.empty()) return nullptr;
  auto parsed = runtime::parse_json(text);
  return parsed ? *std::move(parsed) : Json(nullptr);
}

const char* word(MessageState state) {
  switch (state) {
    case MessageState::kQueued:
      return "queued";
    case MessageState::kClaimed:
      return "sending";
    case MessageState::kSent:
      return "sent";
    case MessageState::kFailed:
      return "failed";
    case MessageState::kReceived:
      return "received";
  }
  return "queued";
}

Json media_of(const Json& payload) {
  Json media = Json::object();
  for (const char* key : {"media_url", "media_type", "mime_type", "file_name", "file_size", "media_error"})
    if (payload.is_object() && payload.contains(key)) media[key] = payload[key];
  return media.empty() ? Json(nullptr) : media;
}

// What a kind has beyond text and media: location, poll, reaction, what is edited or quoted.
Json details_of(const Json& payload) {
  static const std::set<std::string, std::less<>> kElsewhere{
      "instanceId",     "from",       "to",         "body", "chat_id",           "chat_id_norm", "chat_type",
      "sender_jid_raw", "from_me",    "sender_pn",  "kind", "sender_contact_id", "push_name",    "sender_lid",
      "wa_message_id",  "timestamp",  "media_type", "type", "media_url",         "mime_type",    "file_name",
      "file_size",      "media_error"};
  Json details = Json::object();
  if (payload.is_object())
    for (const auto& [key, value] : payload.items())
      if (!kElsewhere.contains(key)) details[key] = value;
  return details.empty() ? Json(nullptr) : details;
}

bool is_from_me(const Message& message, const Json& payload) {
  if (message.direction == Direction::kOut) return true;
  return payload.is_object() && payload.value("from_me", Json(false)) == Json(true);
}

}  // namespace

namespace {

// A code older than this has been replaced on the phone's side, or nobody is pairing any more.
constexpr Millis kQrLife = 75'000;

bool shows_qr(const Instance& instance, Millis now) {
  return instance.report.status == "CONNECTING" && now - instance.qr_at < kQrLife;
}

}  // namespace

Json instance_json(const Instance& instance, Millis now) {
  const auto& settings = instance.settings;
  const auto& report = instance.report;
  const bool worker_alive = !instance.worker.empty() && instance.worker_until > now;
  return {{"id", settings.id},
          {"name", settings.name},
          {"priority", settings.priority},
          {"enabled", settings.enabled},
          {"pairing_phone", text_or_null(settings.pairing_phone)},
          {"proxy_url", text_or_null(settings.proxy_url)},
          {"settings", object_or_null(settings.settings_json)},
          {"status", report.status},
          {"status_at", time_json(report.at)},
          {"reason", text_or_null(report.reason)},
          {"reason_code", report.reason_code == 0 ? Json(nullptr) : Json(report.reason_code)},
          {"attempt", report.attempt},
          {"next_retry_at", text_or_null(report.next_retry_at)},
          {"qr_code", shows_qr(instance, now) ? text_or_null(report.qr_code) : Json(nullptr)},
          {"qr", shows_qr(instance, now) ? text_or_null(report.qr) : Json(nullptr)},
          {"qr_at", report.qr_code.empty() ? Json(nullptr) : time_json(instance.qr_at)},
          {"pairing_code", text_or_null(report.pairing_code)},
          {"passkey", object_or_null(report.passkey_json)},
          {"jid", text_or_null(report.jid)},
          {"lid", text_or_null(report.lid)},
          {"push_name", text_or_null(report.push_name)},
          {"worker", worker_alive ? Json(instance.worker) : Json(nullptr)},
          {"created_at", time_json(instance.created_at)}};
}

Json message_json(const Message& message) {
  const Json payload = object_or_null(message.payload_json);
  const bool out = message.direction == Direction::kOut;
  return {{"id", message.id},
          {"instance_id", message.instance_id},
          {"direction", out ? "out" : "in"},
          {"from_me", is_from_me(message, payload)},
          {"chat", message.chat},
          {"sender", text_or_null(message.sender)},
          {"sender_name", text_or_null(message.sender_name)},
          {"kind", message.kind},
          {"body", message.body},
          {"media", media_of(payload)},
          {"details", details_of(payload)},
          {"state", word(message.state)},
          {"receipt", text_or_null(message.receipt)},
          {"error", text_or_null(message.error)},
          {"error_code", text_or_null(message.error_code)},
          {"wa_message_id", text_or_null(message.wa_id)},
          {"created_at", time_json(message.created_at)},
          {"sent_at", time_json(message.sent_at)},
          {"cursor", std::to_string(message.seq)}};
}

Json command_json(const Command& command, Millis now) {
  const bool expired = command.state == Command::State::kWaiting && now - command.created_at > kCommandLife;
  const char* state = expired                                       ? "expired"
                      : command.state == Command::State::kWaiting   ? "waiting"
                      : command.state == Command::State::kSucceeded ? "succeeded"
                                                                    : "failed";
  return {{"id", command.id},
          {"instance_id", command.instance_id},
          {"name", command.name},
          {"state", state},
          {"result", object_or_null(command.result_json)},
          {"error_code", text_or_null(command.error_code)},
          {"error", text_or_null(command.error)},
          {"created_at", time_json(command.created_at)},
          {"finished_at", time_json(command.finished_at)}};
}

Json event_json(const EventRecord& event) {
  return {{"id", event.id},
          {"type", event.type},
          {"instance_id", event.instance_id},
          {"received_at", time_json(event.received_at)},
          {"data", object_or_null(event.data_json)},
          {"cursor", std::to_string(event.seq)}};
}

}  // namespace edge_server
