// What the server's last words mean: the tables of login refusals (`<failure>`), stream errors and refused
// upgrades, as pure functions from the stanza to an Ended. Only what is certain is final: a device is given
// up (kWipe) on failure 401, 403, 406 and on `device_removed`; everything ambiguous asks for one more login
// whose answer decides (spec 01 §14, §15).
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/ended.h"

namespace whatsapp {

/// Whether this device has something to lose. A refused registration only ends the attempt to link.
enum class LinkState { kUnlinked, kLinked };

/// `<failure reason="401" …/>`. A missing reason counts as 500. 405 is kRetryNow, meant once and with a
/// fresh version. `now` turns the seconds of a ban into a time.
///
///   400 501 others    kRetrySlow  bad_request, experimental, login_failed
///   401 403 406       kWipe       logged_out, account_locked, banned
///   402               kStop       temporarily_banned, not before now + expire
///   405               kRetryNow   client_outdated
///   409 413 414 415 418  kStop    bad_user_agent, cat_expired, cat_invalid, not_found, client_unknown
///   500 503           kRetry      server_error, service_unavailable
Ended ended_by_failure(const binary::Node& failure, LinkState link, base::Clock::wall_time now);

/// `<stream:error>`: decided by a `conflict` child, then by `code`, then by other children.
///
///   device_removed    kWipe      device_removed       515          kRetryNow  restart_required
///   replaced, 409     kStop      replaced, conflict   503          kRetry     service_unavailable
///   other conflicts   kConfirm   conflict             429          kRetry     rate_limited
///   401               kConfirm   unauthorized         516          kConfirm   forced_logout
///   <ack>             kRetry     ack_refused          <xml-not-well-formed>   kRetry  malformed_stanza
///   anything else     kRetry     stream_error
Ended ended_by_stream_error(const binary::Node& error);

/// `<xmlstreamend/>`, or the frame that says the same.
Ended ended_by_stream_end();

/// The connection could not be opened, or was lost without a word. A refused upgrade is retried like a
/// failed dial for 408 and 5xx, slowly for any other status.
Ended ended_by_dial(const base::Error& error);

}  // namespace whatsapp
