// The route tables. docs/edge-api.yaml describes exactly these; a test compares.
#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "edge_server/http_reply.h"
#include "edge_server/route_handlers.h"

namespace edge_server {

std::span<const Route> worker_routes() {
  using enum Access;
  static constexpr std::array kRoutes{
      Route{"GET", "/worker-settings", kWorker, worker::settings},
      Route{"GET", "/eligible-instances", kWorker, worker::eligible_instances},
      Route{"POST", "/update-status", kWorker, worker::update_status},
      Route{"GET", "/queued-messages", kWorker, worker::queued_messages},
      Route{"POST", "/queued-messages/claim", kWorker, worker::claim_messages},
      Route{"POST", "/mark-sent", kWorker, worker::mark_sent},
      Route{"POST", "/mark-failed", kWorker, worker::mark_failed},
      Route{"POST", "/inbound", kWorker, worker::inbound},
      Route{"POST", "/contacts/resolve", kWorker, worker::resolve_contact},
      Route{"GET", "/contacts/primary-jid", kWorker, worker::primary_jid},
      Route{"POST", "/upload-media", kWorker, worker::upload_media},
      Route{"POST", "/instance-lock/acquire", kWorker, worker::acquire_lock},
      Route{"POST", "/instance-lock/renew", kWorker, worker::renew_lock},
      Route{"POST", "/instance-lock/release", kWorker, worker::release_lock},
      Route{"POST", "/instance-lock/renew-batch", kWorker, worker::renew_lock_batch},
      Route{"POST", "/events", kWorker, worker::events},
      Route{"GET", "/commands", kWorker, worker::commands},
      Route{"POST", "/command-result", kWorker, worker::command_result},
  };
  return kRoutes;
}

std::span<const Route> people_routes() {
  using enum Access;
  static constexpr std::array kRoutes{
      Route{"GET", "/v1/instances", kPeople, people::list_instances},
      Route{"POST", "/v1/instances", kPeople, people::create_instance},
      Route{"GET", "/v1/instances/{id}", kPeople, people::get_instance},
      Route{"PATCH", "/v1/instances/{id}", kPeople, people::change_instance},
      Route{"DELETE", "/v1/instances/{id}", kPeople, people::remove_instance},
      Route{"GET", "/v1/instances/{id}/messages", kPeople, people::list_messages},
      Route{"POST", "/v1/instances/{id}/messages", kPeople, people::send_message},
      Route{"GET", "/v1/instances/{id}/chats", kPeople, people::list_chats},
      Route{"GET", "/v1/instances/{id}/events", kPeople, people::list_events},
      Route{"POST", "/v1/instances/{id}/commands", kPeople, people::run_command},
      Route{"GET", "/v1/instances/{id}/commands/{command}", kPeople, people::get_command},
  };
  return kRoutes;
}

std::span<const Route> page_routes() {
  using enum Access;
  static constexpr std::array kRoutes{
      Route{"GET", "/", kOpen, page::index},
      Route{"GET", "/app.js", kOpen, page::script},
      Route{"GET", "/app.css", kOpen, page::style},
      Route{"GET", "/openapi.yaml", kOpen, page::description},
      Route{"GET", "/media/{id}", kOpen, page::media},
      Route{"GET", "/media/{id}/{file_name}", kOpen, page::media},
  };
  return kRoutes;
}

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::size_t page_limit(const RouteCall& call, std::size_t otherwise, std::size_t most) {
  const auto asked = to_number(call.query("limit")).value_or(static_cast<std::int64_t>(otherwise));
  return static_cast<std::size_t>(std::clamp<std::int64_t>(asked, 1, static_cast<std::int64_t>(most)));
}

runtime::HttpResponse reply_to(const Result<void>& done) {
  return done ? no_content() : problem(done.error());
}

nlohmann::json time_json(Millis at) {
  if (at == 0) return nullptr;
  return base::to_rfc3339(base::Clock::wall_time{std::chrono::milliseconds{at}});
}

}  // namespace edge_server
