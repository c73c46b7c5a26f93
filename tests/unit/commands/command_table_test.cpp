#include "commands/command_table.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>

using namespace worker;

namespace {

std::vector<Command> all_commands() {
  std::vector<Command> out;
  for (const auto family : {group_commands(), chat_commands(), presence_commands(), profile_commands()})
    out.insert(out.end(), family.begin(), family.end());
  return out;
}

}  // namespace

TEST_CASE("every command is described in docs/commands.md, under a name of its own") {
  std::ifstream file(std::string{WA_TEST_VECTORS} + "/../../docs/commands.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(text.size() > 1'000);
  std::set<std::string_view> names;
  for (const Command& command : all_commands()) {
    CHECK_MESSAGE(text.find("`" + std::string{command.name} + "`") != std::string::npos, command.name);
    CHECK(names.insert(command.name).second);
  }
}

TEST_CASE("arguments name people as the queue does, and the first mistake is told") {
  const auto args =
      nlohmann::json::parse(R"({"who":"+55 (11) 99999-0000","lid":"7@lid","group":"120363012345678901",
      "list":["5511999990000","x"],"number":"7","flag":1})");
  Arguments in(args);
  CHECK(in.person("who").to_string() == "5511999990000@s.whatsapp.net");
  CHECK(in.person("lid").to_string() == "7@lid");
  CHECK(in.group("group").to_string() == "120363012345678901@g.us");
  CHECK_FALSE(in.error());
  (void)in.people("list");
  REQUIRE(in.error());
  CHECK(in.error()->message == "list is neither a number nor a JID");
  (void)in.integer("number");
  CHECK(in.error()->message == "list is neither a number nor a JID");
  Arguments again(args);
  (void)again.person("group");
  CHECK(again.error()->message == "group is no person");
  Arguments flags(args);
  CHECK_FALSE(flags.boolean("flag"));
  CHECK(flags.error());
}

TEST_CASE("arguments that are missing or too long are refused") {
  const auto args = nlohmann::json::parse(R"({"subject":"aaaaaaaaaa"})");
  Arguments in(args);
  CHECK(in.text("subject", 10) == "aaaaaaaaaa");
  (void)in.text("subject", 9);
  CHECK(in.error()->message == "subject is longer than 9 bytes");
  Arguments missing(args);
  (void)missing.group("group");
  CHECK(missing.error()->message == "group is required");
}
