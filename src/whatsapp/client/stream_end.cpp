#include "whatsapp/client/stream_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string_view>

namespace whatsapp {
namespace {

struct Row {
  int code;
  Reaction reaction;
  std::string_view reason;
  std::string_view message;
};

constexpr auto kFailures = std::to_array<Row>({
    {400, Reaction::kRetrySlow, "bad_request", "the server did not accept the login"},
    {401, Reaction::kWipe, "logged_out", "the device is no longer linked"},
    {402, Reaction::kStop, "temporarily_banned", "the account is banned for some time"},
    {403, Reaction::kWipe, "account_locked", "the account is locked, or its phone is gone"},
    {405, Reaction::kRetryNow, "client_outdated", "the client version is too old for the server"},
    {406, Reaction::kWipe, "banned", "the account is banned"},
    {409, Reaction::kStop, "bad_user_agent", "the server does not accept how the client describes itself"},
    {413, Reaction::kStop, "cat_expired", "the login token has expired"},
    {414, Reaction::kStop, "cat_invalid", "the login token is invalid"},
    {415, Reaction::kStop, "not_found", "the server does not know this account"},
    {418, Reaction::kStop, "client_unknown", "the server does not know this client"},
    {500, Reaction::kRetry, "server_error", "the server had an internal error"},
    {501, Reaction::kRetrySlow, "experimental", "the server refused the login as experimental"},
    {503, Reaction::kRetry, "service_unavailable", "the server is not available now"},
});
constexpr Row kOtherFailure{0, Reaction::kRetrySlow, "login_failed",
                            "the server refused the login for a reason unknown to us"};

constexpr auto kStreamErrors = std::to_array<Row>({
    {401, Reaction::kConfirm, "unauthorized", "the server ended the stream as not authorized"},
    {409, Reaction::kStop, "conflict", "the same device is connected elsewhere"},
    {429, Reaction::kRetry, "rate_limited", "too many connections or stanzas for the server"},
    {503, Reaction::kRetry, "service_unavailable", "the server restarts or is not available now"},
    {515, Reaction::kRetryNow, "restart_required", "the server asks for a new connection"},
    {516, Reaction::kConfirm, "forced_logout", "the server ended the stream as a forced logout"},
});
constexpr Row kOtherStreamError{0, Reaction::kRetry, "stream_error", "the server ended the stream"};

const Row& find(std::span<const Row> rows, int code, const Row& other) {
  const auto found = std::ranges::find(rows, code, &Row::code);
  return found == rows.end() ? other : *found;
}

Ended ended_as(const Row& row, int code) {
  Ended ended;
  ended.reaction = row.reaction;
  ended.reason = row.reason;
  ended.code = code;
  ended.message = row.message;
  return ended;
}

int code_of(const binary::Node& node, std::string_view key, int missing) {
  const auto number = node.number(key);
  return number && *number >= 0 && *number <= 9999 ? static_cast<int>(*number) : missing;
}

std::string_view ban_text(int code) {
  switch (code) {
    case 101:
      return "too many messages to people who do not have this number as a contact";
    case 102:
      return "blocked by too many people";
    case 103:
      return "too many groups created";
    case 104:
      return "the same message was sent too often";
    case 106:
      return "too many messages to broadcast lists";
    default:
      return "terms of service";
  }
}

void describe_ban(Ended& ended, const binary::Node& failure, base::Clock::wall_time now) {
  constexpr std::int64_t kLongestBan = 10LL * 366 * 86'400;
  const auto seconds = std::clamp<std::int64_t>(failure.number("expire").value_or(0), 0, kLongestBan);
  const int ban = code_of(failure, "code", 0);
  ended.not_before = now + std::chrono::seconds{seconds};
  ended.message = fmt::format("{} ({}, code {}, {} s)", ended.message, ban_text(ban), ban, seconds);
}

/// The server's own text for people, bounded: it goes to logs and to the edge.
void add_server_text(Ended& ended, const binary::Node& failure) {
  for (const std::string_view key : {"logout_message_header", "logout_message_subtext", "message"}) {
    const auto text = failure.attr(key);
    if (text && !text->empty()) ended.message += fmt::format(": {}", text->substr(0, 200));
  }
}

Ended ended_by_conflict(const binary::Node& conflict, int code) {
  if (conflict.attr_is("type", "device_removed"))
    return ended_as({0, Reaction::kWipe, "device_removed", "the device was unlinked"}, code);
  if (conflict.attr_is("type", "replaced"))
    return ended_as({0, Reaction::kStop, "replaced", "the same device has connected elsewhere"}, code);
  return ended_as({0, Reaction::kConfirm, "conflict", "the server ended the stream over a conflict"}, code);
}

}  // namespace

Ended ended_by_failure(const binary::Node& failure, LinkState link, base::Clock::wall_time now) {
  const int code = code_of(failure, "reason", 500);
  Ended ended = ended_as(find(kFailures, code, kOtherFailure), code);
  add_server_text(ended, failure);
  if (code == 402) describe_ban(ended, failure, now);
  // Nothing is linked, so there is nothing to put aside; and the next registration would end the same way.
  if (link == LinkState::kUnlinked && ended.reaction == Reaction::kWipe) ended.reaction = Reaction::kStop;
  return ended;
}

Ended ended_by_stream_error(const binary::Node& error) {
  const int code = code_of(error, "code", 0);
  if (const auto* conflict = error.child("conflict")) return ended_by_conflict(*conflict, code);
  const Row& row = find(kStreamErrors, code, kOtherStreamError);
  if (&row != &kOtherStreamError) return ended_as(row, code);
  if (const auto* ack = error.child("ack")) {
    Ended ended = ended_as({0, Reaction::kRetry, "ack_refused", "the server refused an ack of ours"}, code);
    ended.message += fmt::format(", id {}", ack->attr("id").value_or("?").substr(0, 64));
    return ended;
  }
  if (error.child("xml-not-well-formed") != nullptr)
    return ended_as({0, Reaction::kRetry, "malformed_stanza", "the server could not read a stanza of ours"},
                    code);
  return ended_as(row, code);
}

Ended ended_by_stream_end() {
  return ended_as({0, Reaction::kRetry, "stream_end", "the server ended the stream"}, 0);
}

Ended ended_by_dial(const base::Error& error) {
  Ended ended;
  ended.message = error.message;
  ended.code = error.detail;
  const bool refused = error.code == base::ErrorCode::kRejected;
  ended.reason = refused ? "upgrade_refused" : "connect_failed";
  const bool passing = !refused || error.detail == 408 || error.detail >= 500;
  ended.reaction = passing ? Reaction::kRetry : Reaction::kRetrySlow;
  return ended;
}

}  // namespace whatsapp
