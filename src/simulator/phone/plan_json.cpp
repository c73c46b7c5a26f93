#include "simulator/phone/plan_json.h"

#include <nlohmann/json.hpp>
#include <span>
#include <utility>

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

template <class Enum>
using Words = std::initializer_list<std::pair<std::string_view, Enum>>;

/// Reads `name` from the body if it is there.
template <class Enum>
Result<void> read_word(const json& body, const char* name, Words<Enum> words, Enum& value) {
  if (!body.contains(name)) return {};
  const std::string word = body.at(name).get<std::string>();
  for (const auto& [text, meaning] : words) {
    if (text == word) {
      value = meaning;
      return {};
    }
  }
  return fail(ErrorCode::kInvalidArgument, std::string{name} + " cannot be " + word);
}

}  // namespace

Result<HistoryPlan> history_plan_from(const json& body) {
  HistoryPlan plan;
  WA_TRY_VOID(read_word<HistoryType>(body, "type",
                                     {{"INITIAL_BOOTSTRAP", HistoryType::kInitialBootstrap},
                                      {"INITIAL_STATUS_V3", HistoryType::kInitialStatus},
                                      {"FULL", HistoryType::kFull},
                                      {"RECENT", HistoryType::kRecent},
                                      {"PUSH_NAME", HistoryType::kPushName},
                                      {"NON_BLOCKING_DATA", HistoryType::kNonBlockingData},
                                      {"ON_DEMAND", HistoryType::kOnDemand},
                                      {"NO_HISTORY", HistoryType::kNoHistory},
                                      {"MESSAGE_ACCESS_STATUS", HistoryType::kMessageAccessStatus}},
                                     plan.type));
  using Place = HistoryPlan::Place;
  WA_TRY_VOID(read_word<Place>(
      body, "place", {{"auto", Place::kAuto}, {"inline", Place::kInline}, {"external", Place::kExternal}},
      plan.place));
  using ChatIds = HistoryPlan::ChatIds;
  WA_TRY_VOID(read_word<ChatIds>(body, "chat_ids",
                                 {{"pn", ChatIds::kPn}, {"lid", ChatIds::kLid}, {"mixed", ChatIds::kMixed}},
                                 plan.chat_ids));
  using Order = HistoryPlan::Order;
  WA_TRY_VOID(read_word<Order>(body, "order",
                               {{"newest_first", Order::kNewestFirst}, {"oldest_first", Order::kOldestFirst}},
                               plan.order));
  using Fault = HistoryPlan::Fault;
  WA_TRY_VOID(read_word<Fault>(body, "fault",
                               {{"", Fault::kNone},
                                {"truncated", Fault::kTruncated},
                                {"gzip", Fault::kGzip},
                                {"bomb", Fault::kBomb},
                                {"corrupt_blob", Fault::kCorruptBlob},
                                {"expired", Fault::kExpired},
                                {"wrong_hash", Fault::kWrongHash},
                                {"twice", Fault::kTwice},
                                {"not_protobuf", Fault::kNotProtobuf}},
                               plan.fault));
  plan.chunk_order = body.value("chunk_order", plan.chunk_order);
  plan.progress = body.value("progress", plan.progress);
  plan.chats = body.value("chats", plan.chats);
  plan.messages_per_chat = body.value("messages_per_chat", plan.messages_per_chat);
  plan.message_bytes = body.value("message_bytes", plan.message_bytes);
  plan.archive = body.value("archive", plan.archive);
  plan.only_chat = body.value("chat", std::string{});
  plan.odd.unknown_fields = body.value("unknown_fields", false);
  plan.odd.id_after_messages = body.value("id_after_messages", false);
  plan.odd.future_timestamps = body.value("future_timestamps", false);
  plan.odd.c_us_mappings = body.value("c_us_mappings", false);
  return plan;
}

Result<PhoneManners> manners_from(const json& body, PhoneManners manners) {
  using KeyShare = PhoneManners::KeyShare;
  WA_TRY_VOID(read_word<KeyShare>(
      body, "key_share", {{"at_link", KeyShare::kAtLink}, {"never", KeyShare::kNever}}, manners.key_share));
  using KeyRequest = PhoneManners::KeyRequest;
  WA_TRY_VOID(read_word<KeyRequest>(
      body, "key_request",
      {{"answer", KeyRequest::kAnswer}, {"orphan", KeyRequest::kOrphan}, {"never", KeyRequest::kNever}},
      manners.key_request));
  using Recovery = PhoneManners::Recovery;
  WA_TRY_VOID(read_word<Recovery>(
      body, "recovery", {{"plain", Recovery::kPlain}, {"gzip", Recovery::kGzip}, {"never", Recovery::kNever}},
      manners.recovery));
  using Placeholder = PhoneManners::Placeholder;
  WA_TRY_VOID(read_word<Placeholder>(
      body, "placeholder",
      {{"answer", Placeholder::kAnswer}, {"missing", Placeholder::kMissing}, {"never", Placeholder::kNever}},
      manners.placeholder));
  using OnDemand = PhoneManners::OnDemand;
  WA_TRY_VOID(read_word<OnDemand>(
      body, "on_demand", {{"answer", OnDemand::kAnswer}, {"never", OnDemand::kNever}}, manners.on_demand));
  using MediaRetry = PhoneManners::MediaRetry;
  WA_TRY_VOID(read_word<MediaRetry>(body, "media_retry",
                                    {{"answer", MediaRetry::kAnswer},
                                     {"not_found", MediaRetry::kNotFound},
                                     {"general_error", MediaRetry::kGeneralError},
                                     {"decryption_error", MediaRetry::kDecryptionError},
                                     {"error_node", MediaRetry::kErrorNode},
                                     {"garbage", MediaRetry::kGarbage},
                                     {"never", MediaRetry::kNever}},
                                    manners.media_retry));
  if (body.contains("delay_ms")) manners.delay = base::Duration{body.at("delay_ms").get<std::int64_t>()};
  manners.archive = body.value("archive", manners.archive);
  if (!body.contains("history")) return manners;
  manners.history_at_link.clear();
  for (const json& plan : body.at("history")) {
    WA_TRY(HistoryPlan parsed, history_plan_from(plan));
    manners.history_at_link.push_back(std::move(parsed));
  }
  return manners;
}

}  // namespace simulator
