// The handlers behind the route tables, by who calls them, and what they have in common.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "edge_server/router.h"

namespace edge_server {

using Handled = runtime::Task<runtime::HttpResponse>;

/// A whole text that is a decimal number.
std::optional<std::int64_t> to_number(std::string_view text);
/// ?limit=, between 1 and `most`.
std::size_t page_limit(const RouteCall& call, std::size_t otherwise, std::size_t most);
/// 204, or what went wrong.
runtime::HttpResponse reply_to(const Result<void>& done);
/// As the worker gets them.
nlohmann::json waiting_commands_json(const std::vector<Command>& commands);
/// RFC 3339, or null for 0.
nlohmann::json time_json(Millis at);

namespace worker {
Handled settings(Services& edge, const RouteCall& call);
Handled eligible_instances(Services& edge, const RouteCall& call);
Handled update_status(Services& edge, const RouteCall& call);
Handled acquire_lock(Services& edge, const RouteCall& call);
Handled renew_lock(Services& edge, const RouteCall& call);
Handled release_lock(Services& edge, const RouteCall& call);
Handled renew_lock_batch(Services& edge, const RouteCall& call);
Handled queued_messages(Services& edge, const RouteCall& call);
Handled claim_messages(Services& edge, const RouteCall& call);
Handled mark_sent(Services& edge, const RouteCall& call);
Handled mark_failed(Services& edge, const RouteCall& call);
Handled inbound(Services& edge, const RouteCall& call);
Handled resolve_contact(Services& edge, const RouteCall& call);
Handled primary_jid(Services& edge, const RouteCall& call);
Handled upload_media(Services& edge, const RouteCall& call);
Handled events(Services& edge, const RouteCall& call);
Handled commands(Services& edge, const RouteCall& call);
Handled command_result(Services& edge, const RouteCall& call);
}  // namespace worker

namespace people {
Handled list_instances(Services& edge, const RouteCall& call);
Handled create_instance(Services& edge, const RouteCall& call);
Handled get_instance(Services& edge, const RouteCall& call);
Handled change_instance(Services& edge, const RouteCall& call);
Handled remove_instance(Services& edge, const RouteCall& call);
Handled send_message(Services& edge, const RouteCall& call);
Handled list_messages(Services& edge, const RouteCall& call);
Handled list_chats(Services& edge, const RouteCall& call);
Handled list_events(Services& edge, const RouteCall& call);
Handled run_command(Services& edge, const RouteCall& call);
Handled get_command(Services& edge, const RouteCall& call);
}  // namespace people

namespace page {
Handled index(Services& edge, const RouteCall& call);
Handled script(Services& edge, const RouteCall& call);
Handled style(Services& edge, const RouteCall& call);
Handled description(Services& edge, const RouteCall& call);
Handled media(Services& edge, const RouteCall& call);
}  // namespace page

}  // namespace edge_server
