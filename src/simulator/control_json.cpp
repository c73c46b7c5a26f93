#include "simulator/control_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace simulator {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

namespace {

json person_json(const Person& person) {
  return {{"id", person.id()},
          {"number", person.number()},
          {"pn", person.pn()},
          {"lid", person.lid()},
          {"decrypt_failures", person.decrypt_failures()},
          {"duplicate_ciphertexts", person.duplicate_ciphertexts()},
          {"received", person.received().size() + person.forgotten()}};
}

}  // namespace

json to_json(const ReceivedMessage& message) {
  return {{"id", message.id},
          {"from", message.from},
          {"chat", message.chat},
          {"device", message.device},
          {"own", message.direction == ReceivedMessage::Direction::kOwn},
          {"text", message.text},
          {"quoted_id", message.quoted_id},
          {"mentions", message.mentions},
          {"kind", message.kind},
          {"target_id", message.target_id},
          {"type", message.type},
          {"edit", message.edit},
          {"message", base::to_base64(message.content)},
          {"cipher", message.cipher},
          {"t", message.timestamp},
          {"received_at_ms", message.received_at}};
}

json to_json(const DeviceStatus& status) {
  const char* link = "offline";
  if (status.link == DeviceStatus::Link::kOnline) link = "online";
  if (status.link == DeviceStatus::Link::kActive) link = "active";
  return {{"jid", status.jid},
          {"lid", status.lid},
          {"link", link},
          {"logins", status.logins},
          {"messages_in", status.messages_in},
          {"messages_out", status.messages_out},
          {"queued", status.queued},
          {"iq_kinds", status.iq_kinds},
          {"pre_keys", status.pre_keys}};
}

json to_json(const Violation& violation) {
  return {{"device", violation.device}, {"what", violation.what}, {"detail", violation.detail}};
}

json to_json(const SimulatedPhone& phone) {
  json value = person_json(phone);
  value["companions"] = phone.companions();
  return value;
}

json to_json(const SimulatedContact& contact) {
  json value = person_json(contact);
  value["devices"] = contact.device_count();
  return value;
}

json stats_json(const World& world) {
  const ServerState& state = world.server().state();
  const Counters& counters = state.counters;
  json violations = json::array();
  for (const Violation& violation : state.violations) violations.push_back(to_json(violation));
  return {{"connections", counters.connections},
          {"connected", state.sessions.size()},
          {"handshake_failures", counters.handshake_failures},
          {"registrations", counters.registrations},
          {"links", counters.links},
          {"logins", counters.logins},
          {"failed_logins", counters.failed_logins},
          {"replaced", counters.replaced},
          {"messages", counters.messages},
          {"repeated_messages", counters.repeated_messages},
          {"deliveries", counters.deliveries},
          {"receipts", counters.receipts},
          {"retry_receipts", counters.retry_receipts},
          {"iqs", counters.iqs},
          {"unknown_iqs", counters.unknown_iqs},
          {"pings", counters.pings},
          {"usyncs", counters.usyncs},
          {"bundles", counters.bundles},
          {"bundles_without_key", counters.bundles_without_key},
          {"malformed", counters.malformed},
          {"phash_mismatches", counters.phash_mismatches},
          {"dropped_encs", counters.dropped_encs},
          {"skmsgs", counters.skmsgs},
          {"sender_key_shares", counters.sender_key_shares},
          {"iq_kinds", counters.iq_kinds},
          {"violations", std::move(violations)}};
}

PersonOptions person_options_from(const json& body) {
  PersonOptions options;
  options.number = body.value("number", options.number);
  options.name = body.value("name", options.name);
  options.platform = body.value("platform", options.platform);
  return options;
}

Result<Receipts> receipts_from(const std::string& word) {
  if (word == "none") return Receipts::kNone;
  if (word == "delivery") return Receipts::kDelivery;
  if (word == "read") return Receipts::kDeliveryAndRead;
  return fail(ErrorCode::kInvalidArgument, "receipts are none, delivery or read");
}

Result<ContactOptions> contact_options_from(const json& body) {
  ContactOptions options;
  static_cast<PersonOptions&>(options) = person_options_from(body);
  options.devices = body.value("devices", options.devices);
  options.reply = body.value("auto_reply", false) ? Reply::kEcho : Reply::kNone;
  WA_TRY(options.receipts, receipts_from(body.value("receipts", std::string{"delivery"})));
  return options;
}

Result<LinkFault> link_fault_from(const std::string& word) {
  static constexpr std::array<std::pair<std::string_view, LinkFault>, 9> kWords{{
      {"", LinkFault::kNone},
      {"wrong_hmac", LinkFault::kWrongHmac},
      {"wrong_signature", LinkFault::kWrongSignature},
      {"truncated", LinkFault::kTruncated},
      {"no_device", LinkFault::kNoDevice},
      {"twice", LinkFault::kTwice},
      {"early_success", LinkFault::kEarlySuccess},
      {"no_restart", LinkFault::kNoRestart},
      {"close_only", LinkFault::kCloseOnly},
  }};
  for (const auto& [text, fault] : kWords) {
    if (text == word) return fault;
  }
  return fail(ErrorCode::kInvalidArgument, "no such fault of linking");
}

Result<CodeFault> code_fault_from(const std::string& word) {
  if (word.empty()) return CodeFault::kNone;
  if (word == "foreign_ref") return CodeFault::kForeignRef;
  if (word == "short_ephemeral") return CodeFault::kShortEphemeral;
  if (word == "low_order_key") return CodeFault::kLowOrderKey;
  return fail(ErrorCode::kInvalidArgument, "no such fault of a code");
}

Result<Fault> fault_from(const json& body) {
  Fault fault;
  const auto kind = fault_kind(body.value("kind", std::string{}));
  if (!kind) return fail(ErrorCode::kInvalidArgument, "no such kind of fault");
  fault.kind = *kind;
  fault.count = body.value("count", fault.count);
  fault.code = body.value("code", fault.code);
  fault.delay = base::Duration{body.value("delay_ms", std::int64_t{0})};
  fault.text = body.value("text", fault.text);
  return fault;
}

PairingSettings pairing_from(const json& body, PairingSettings settings) {
  settings.refs = body.value("refs", settings.refs);
  if (body.contains("ref_ttl_ms")) {
    settings.first_ref = base::Duration{body.at("ref_ttl_ms").get<std::int64_t>()};
    settings.later_refs = settings.first_ref;
  }
  if (body.contains("first_ref_ttl_ms"))
    settings.first_ref = base::Duration{body.at("first_ref_ttl_ms").get<std::int64_t>()};
  if (body.contains("code_life_ms"))
    settings.code_life = base::Duration{body.at("code_life_ms").get<std::int64_t>()};
  settings.codes_per_number = body.value("codes_per_number", settings.codes_per_number);
  settings.hello_error = body.value("hello_error", settings.hello_error);
  settings.finish_error = body.value("finish_error", settings.finish_error);
  settings.comma_in_ref = body.value("comma_in_ref", settings.comma_in_ref);
  settings.passkey_options = body.value("passkey_options", settings.passkey_options);
  if (body.contains("passkey"))
    settings.passkey = body.at("passkey").get<bool>() ? PairingSettings::PasskeyDemand::kAlways
                                                      : PairingSettings::PasskeyDemand::kNever;
  if (body.contains("grace_ms")) settings.grace = base::Duration{body.at("grace_ms").get<std::int64_t>()};
  return settings;
}

}  // namespace simulator
