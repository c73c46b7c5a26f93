#include "queue/contact_cards.h"

#include <nlohmann/json.hpp>

#include "queue/payload_fields.h"

namespace worker {
namespace {

using Json = nlohmann::json;
using whatsapp::message::OutgoingContacts;

constexpr std::size_t kMostContacts = 256;

std::string digits_of(const std::string& number) {
  std::string out;
  for (const char c : number)
    if (c >= '0' && c <= '9') out += c;
  return out;
}

/// One value of a vCard line: separators escaped, line ends taken out.
std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\r' || c == '\n') continue;
    if (c == ';' || c == ',' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void add_line(const char* name, const std::string& value, std::string& out) {
  if (!value.empty()) out += std::string{name} + ":" + escaped(value) + "\n";
}

/// Version 3.0; `waid` is what makes clients offer to write to the number.
std::string vcard_of(const Json& contact, const std::string& name, const std::string& phone) {
  std::string wa_id = digits_of(payload::text(contact, {"wa_id", "wuid", "waid", "whatsappId"}));
  if (wa_id.empty()) wa_id = digits_of(phone);
  std::string out = "BEGIN:VCARD\nVERSION:3.0\n";
  out += "N:;" + escaped(name) + ";;;\n";
  add_line("FN", name, out);
  add_line("ORG", payload::text(contact, {"organization", "org"}), out);
  add_line("EMAIL", payload::text(contact, {"email"}), out);
  add_line("URL", payload::text(contact, {"url"}), out);
  out += "TEL;type=CELL;type=VOICE;waid=" + wa_id + ":" + escaped(phone) + "\n";
  return out + "END:VCARD";
}

std::expected<OutgoingContacts::Card, std::string> card_of(const Json& contact) {
  OutgoingContacts::Card card;
  card.display_name =
      payload::text(contact, {"display_name", "displayName", "full_name", "fullName", "name"});
  card.vcard = payload::text(contact, {"vcard", "vCard"});
  if (!card.vcard.empty()) return card;
  const std::string phone = payload::text(contact, {"phone", "phone_number", "phoneNumber", "number"});
  if (card.display_name.empty() || digits_of(phone).empty())
    return std::unexpected("a contact needs a vcard, or display_name and phone");
  card.vcard = vcard_of(contact, card.display_name, phone);
  return card;
}

}  // namespace

std::expected<OutgoingContacts, std::string> contact_cards(const Json& payload) {
  OutgoingContacts out;
  const Json* list = payload.is_array() ? &payload : payload::find(payload, {"contacts", "contact"});
  if (list == nullptr || !list->is_array()) {
    auto card = card_of(list != nullptr && list->is_object() ? *list : payload);
    if (!card) return std::unexpected(std::move(card).error());
    out.cards.push_back(*std::move(card));
    return out;
  }
  out.display_name = payload::text(payload, {"display_name", "displayName"});
  for (const Json& contact : *list) {
    if (out.cards.size() == kMostContacts) return std::unexpected("too many contacts");
    auto card = card_of(contact);
    if (!card) return std::unexpected(std::move(card).error());
    out.cards.push_back(*std::move(card));
  }
  if (out.cards.empty()) return std::unexpected("no contact is given");
  return out;
}

}  // namespace worker
