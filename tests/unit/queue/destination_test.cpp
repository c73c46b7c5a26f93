#include "queue/destination.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker;

namespace {

/// "→ jid", "lid jid" or "invalid".
std::string understood(std::string_view to) {
  const Destination destination = parse_destination(to);
  if (const auto* ready = std::get_if<ReadyDestination>(&destination)) return "-> " + ready->jid.to_string();
  if (const auto* lid = std::get_if<LidDestination>(&destination)) return "lid " + lid->lid.to_string();
  return "invalid";
}

}  // namespace

TEST_CASE("destinations are understood as the edge contract says") {
  struct Row {
    const char* to;
    const char* meaning;
  };
  const Row rows[] = {
      {"5511999990000", "-> 5511999990000@s.whatsapp.net"},
      {"+55 (11) 99999-0000", "-> 5511999990000@s.whatsapp.net"},
      {"  5511999990000\n", "-> 5511999990000@s.whatsapp.net"},
      {"5511-999990000", "-> 5511999990000@s.whatsapp.net"},
      {"1-5551234567", "-> 15551234567@s.whatsapp.net"},
      {"12345678", "-> 12345678@s.whatsapp.net"},
      {"1234567", "invalid"},
      {"1234567890123456", "invalid"},
      {"5511999990000-1400000000", "-> 5511999990000-1400000000@g.us"},
      {"12036304567-1234567890", "-> 12036304567-1234567890@g.us"},
      {"12036301234567890", "-> 12036301234567890@g.us"},
      {"120363012345678901", "-> 120363012345678901@g.us"},
      {"12036301234567890123", "-> 12036301234567890123@g.us"},
      {"120363012345678901234", "invalid"},
      {"999363012345678901", "invalid"},
      {"5511999990000@s.whatsapp.net", "-> 5511999990000@s.whatsapp.net"},
      {"5511999990000:12@s.whatsapp.net", "-> 5511999990000@s.whatsapp.net"},
      {"5511999990000@c.us", "-> 5511999990000@s.whatsapp.net"},
      {"120363012345678901@g.us", "-> 120363012345678901@g.us"},
      {"5511999990000-1400000000@g.us", "-> 5511999990000-1400000000@g.us"},
      {"status@broadcast", "-> status@broadcast"},
      {"120363012345678901@newsletter", "-> 120363012345678901@newsletter"},
      {"123456789012345@lid", "lid 123456789012345@lid"},
      {"123456789012345:7@lid", "lid 123456789012345@lid"},
      {"", "invalid"},
      {"   ", "invalid"},
      {"hello", "invalid"},
      {"+", "invalid"},
      {"55119999900x0", "invalid"},
      {"@g.us", "invalid"},
      {"s.whatsapp.net", "invalid"},
      {"somebody@s.whatsapp.net", "invalid"},
      {"a@b@s.whatsapp.net", "invalid"},
      {"12345@broadcast", "invalid"},
      {"5511999990000@example.com", "invalid"},
      {"5511999990000@hosted", "invalid"},
      {"../../x@g.us", "invalid"},
  };
  for (const Row& row : rows) CHECK_MESSAGE(understood(row.to) == row.meaning, row.to);
}
