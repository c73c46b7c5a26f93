// Contacts that the edge wants sent: vCards as given, or written from a name and a phone number.
#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "whatsapp/message/outgoing_content.h"

namespace worker {

/// One contact, a list of them, or an object with the list. The error says what is missing.
std::expected<whatsapp::message::OutgoingContacts, std::string> contact_cards(const nlohmann::json& payload);

}  // namespace worker
