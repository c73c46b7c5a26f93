// What happened, as the entries of POST /events say it. docs/edge-api.yaml describes the fields of each type:
//
//   message.status   wa_message_id, status, chat, by
//   presence         chat, who, state, last_seen
//   group.changed    group, actor, change, participants, text
//   call             call_id, from, group, state, media
//   contact.changed  jid, pn, lid, names, picture, identity
//   chat.changed     chat, archived, pinned, read, muted_until, removal
//   account.changed  what, value, jids, until
//   history          the fields of POST /inbound, of a message from before the link
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/types.h"
#include "whatsapp/client/events.h"

namespace worker {

/// One entry each, except a message status, which is one per message. `now`: of events that carry no time.
/// The id is a hash of what happened: told again it is the same.
std::vector<edge::Event> to_edge_events(const whatsapp::ClientEvent& event, const std::string& instance_id,
                                        std::int64_t now);

/// A message from before the link.
edge::Event to_history_event(const edge::InboundMessage& message);

/// As the spool keeps it.
std::string encode_event(const edge::Event& event);
base::Result<edge::Event> decode_event(std::string_view payload);

}  // namespace worker
