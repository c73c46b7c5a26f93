#include "whatsapp/client/stream_end.h"

#include <doctest/doctest.h>

using whatsapp::Ended;
using whatsapp::ended_by_dial;
using whatsapp::ended_by_failure;
using whatsapp::ended_by_stream_end;
using whatsapp::ended_by_stream_error;
using whatsapp::LinkState;
using whatsapp::Reaction;
using whatsapp::binary::Node;
using namespace std::chrono_literals;

namespace {

const base::Clock::wall_time kNow{std::chrono::seconds{1'800'000'000}};

Ended failure(const char* reason, LinkState link = LinkState::kLinked) {
  return ended_by_failure(Node("failure").with("reason", reason), link, kNow);
}

Ended stream_error(const char* code) {
  return ended_by_stream_error(Node("stream:error").with("code", code));
}

Ended conflict(const char* code, const char* type) {
  auto node = Node("stream:error").add(Node("conflict").with("type", type));
  if (code != nullptr) node.set("code", std::string{code});
  return ended_by_stream_error(node);
}

struct Row {
  const char* code;
  Reaction reaction;
  const char* reason;
};

}  // namespace

TEST_CASE("each reason of a refused login asks for its reaction") {
  const Row rows[] = {
      {"400", Reaction::kRetrySlow, "bad_request"},    {"401", Reaction::kWipe, "logged_out"},
      {"402", Reaction::kStop, "temporarily_banned"},  {"403", Reaction::kWipe, "account_locked"},
      {"405", Reaction::kRetryNow, "client_outdated"}, {"406", Reaction::kWipe, "banned"},
      {"409", Reaction::kStop, "bad_user_agent"},      {"413", Reaction::kStop, "cat_expired"},
      {"414", Reaction::kStop, "cat_invalid"},         {"415", Reaction::kStop, "not_found"},
      {"418", Reaction::kStop, "client_unknown"},      {"500", Reaction::kRetry, "server_error"},
      {"501", Reaction::kRetrySlow, "experimental"},   {"503", Reaction::kRetry, "service_unavailable"},
      {"499", Reaction::kRetrySlow, "login_failed"},   {"999", Reaction::kRetrySlow, "login_failed"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.code);
    const Ended ended = failure(row.code);
    CHECK(ended.reaction == row.reaction);
    CHECK(ended.reason == row.reason);
    CHECK(ended.code == std::stoi(row.code));
    CHECK_FALSE(ended.message.empty());
  }
}

TEST_CASE("a refused login without a readable reason counts as an internal error") {
  for (const Node& node :
       {Node("failure"), Node("failure").with("reason", "soon"), Node("failure").with("reason", "-7")}) {
    const Ended ended = ended_by_failure(node, LinkState::kLinked, kNow);
    CHECK(ended.reaction == Reaction::kRetry);
    CHECK(ended.code == 500);
  }
}

TEST_CASE("a device that is not linked has nothing to lose") {
  for (const char* code : {"401", "403", "406"})
    CHECK(failure(code, LinkState::kUnlinked).reaction == Reaction::kStop);
  CHECK(failure("405", LinkState::kUnlinked).reaction == Reaction::kRetryNow);
  CHECK(failure("503", LinkState::kUnlinked).reaction == Reaction::kRetry);
}

TEST_CASE("a temporary ban says why and until when") {
  const auto node = Node("failure").with("reason", "402").with("code", "104").with("expire", "3600");
  const Ended ended = ended_by_failure(node, LinkState::kLinked, kNow);
  CHECK(ended.not_before == kNow + 3600s);
  CHECK(ended.message.find("too often") != std::string::npos);

  const auto absurd = Node("failure").with("reason", "402").with("expire", "9223372036854775807");
  CHECK(ended_by_failure(absurd, LinkState::kLinked, kNow).not_before < kNow + 20 * 366 * 24h);
  CHECK(failure("402").not_before == kNow);
}

TEST_CASE("the server's texts reach the operator, within bounds") {
  const auto node = Node("failure")
                        .with("reason", "403")
                        .with("logout_message_header", "You were logged out")
                        .with("logout_message_subtext", std::string(5'000, 'x'));
  const Ended ended = ended_by_failure(node, LinkState::kLinked, kNow);
  CHECK(ended.message.find("You were logged out") != std::string::npos);
  CHECK(ended.message.size() < 1'000);
}

TEST_CASE("each code of a stream error asks for its reaction") {
  const Row rows[] = {
      {"401", Reaction::kConfirm, "unauthorized"},      {"409", Reaction::kStop, "conflict"},
      {"429", Reaction::kRetry, "rate_limited"},        {"503", Reaction::kRetry, "service_unavailable"},
      {"515", Reaction::kRetryNow, "restart_required"}, {"516", Reaction::kConfirm, "forced_logout"},
      {"500", Reaction::kRetry, "stream_error"},        {"599", Reaction::kRetry, "stream_error"},
      {"42", Reaction::kRetry, "stream_error"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.code);
    const Ended ended = stream_error(row.code);
    CHECK(ended.reaction == row.reaction);
    CHECK(ended.reason == row.reason);
    CHECK(ended.code == std::stoi(row.code));
  }
}

TEST_CASE("a conflict decides before the code does") {
  CHECK(conflict("401", "device_removed").reaction == Reaction::kWipe);
  CHECK(conflict("401", "device_removed").reason == "device_removed");
  CHECK(conflict("401", "device_removed").code == 401);
  for (const char* code : {static_cast<const char*>(nullptr), "401", "515", "440"}) {
    CHECK(conflict(code, "replaced").reaction == Reaction::kStop);
    CHECK(conflict(code, "replaced").reason == "replaced");
    CHECK(conflict(code, "something_new").reaction == Reaction::kConfirm);
  }
}

TEST_CASE("a stream error without a known code is read by its children") {
  const auto ack = Node("stream:error").add(Node("ack").with("id", "3EB0AA"));
  CHECK(ended_by_stream_error(ack).reason == "ack_refused");
  CHECK(ended_by_stream_error(ack).reaction == Reaction::kRetry);
  CHECK(ended_by_stream_error(ack).message.find("3EB0AA") != std::string::npos);

  const auto unreadable = Node("stream:error").add(Node("xml-not-well-formed"));
  CHECK(ended_by_stream_error(unreadable).reason == "malformed_stanza");
  CHECK(ended_by_stream_error(unreadable).reaction == Reaction::kRetry);

  CHECK(ended_by_stream_error(Node("stream:error")).reason == "stream_error");
  CHECK(ended_by_stream_error(Node("stream:error")).reaction == Reaction::kRetry);
}

TEST_CASE("the end of the stream is retried") { CHECK(ended_by_stream_end().reaction == Reaction::kRetry); }

TEST_CASE("a refused upgrade is retried quickly only for passing reasons") {
  const auto refused = [](int status) {
    return ended_by_dial(base::Error{base::ErrorCode::kRejected, "upgrade refused", status});
  };
  for (const int status : {408, 500, 502, 503, 504}) CHECK(refused(status).reaction == Reaction::kRetry);
  for (const int status : {200, 301, 403, 407, 429}) {
    CHECK(refused(status).reaction == Reaction::kRetrySlow);
    CHECK(refused(status).reason == "upgrade_refused");
    CHECK(refused(status).code == status);
  }
  const Ended dead = ended_by_dial(base::Error{base::ErrorCode::kUnavailable, "no route", 0});
  CHECK(dead.reaction == Reaction::kRetry);
  CHECK(dead.reason == "connect_failed");
}
