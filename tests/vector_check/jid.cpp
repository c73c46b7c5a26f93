// jid.json: what two libraries make of addresses. They are no rule for us; what is checked is where they
// agree with our own rules. One ('zapo') is nearly as strict as we are and decides what must be refused;
// the other ('baileys') is compared in how it normalises and classifies.
#include "whatsapp/binary/jid.h"

#include <algorithm>
#include <optional>

#include "vector_check/json_fields.h"
#include "vector_check/runners.h"

namespace vector_check {
namespace {

using nlohmann::json;
using whatsapp::binary::has_devices;
using whatsapp::binary::Jid;
using whatsapp::binary::Server;
using whatsapp::binary::server_from_text;

/// "s.whatsapp.net" or "@s.whatsapp.net": a server JID for us, an error for the strict library.
bool is_server_jid(std::string_view text) {
  if (text.starts_with('@')) text.remove_prefix(1);
  return server_from_text(text) != Server::kOther;
}

/// What our rules refuse although the strict library accepts it.
bool refused_by_our_rules(std::string_view text) {
  if (std::ranges::count(text, '@') > 1) return true;
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; })) return true;
  const std::size_t at = text.find('@');
  const bool has_device = text.substr(0, at).find(':') != std::string_view::npos;
  return has_device && at != std::string_view::npos && !has_devices(server_from_text(text.substr(at + 1)));
}

/// An old agent number, which only addresses stored by one library have; a literal part of the user to us.
bool has_agent(std::string_view text) { return text.find('_') != std::string_view::npos; }

std::uint64_t device_of(const json& address) {
  return present(address, "device") ? address.at("device").get<std::uint64_t>() : 0;
}

/// The user with the number of its third-party network in front, as both libraries keep it.
std::string full_user(const Jid& jid) {
  const std::string text = jid.bare().to_string();
  return text.substr(0, text.find('@'));
}

void check_parts(const Jid& jid, const json& strict, Case& check) {
  const json& address = strict.at("address");
  check.expect_equal(full_user(jid), text(address, "user"), "user");
  check.expect_equal(jid.server_text(), text(address, "server"), "server");
  check.expect(jid.device() == device_of(address), "another device");
  check.expect_equal(jid.bare().to_string(), text(strict, "userJid"), "account");
  check.expect_equal(jid.to_string(), text(strict, "normalizedJid"), "text");
}

void check_normalized(const Jid& jid, std::string_view original, const json& lax, Case& check) {
  // We also trim, lower-case the server and leave '_' alone; compare where that makes no difference.
  if (has_agent(original) || jid.normalized().user() != jid.user()) return;
  if (std::ranges::any_of(jid.server_text(), [](char c) { return c >= 'A' && c <= 'Z'; })) return;
  if (!present(lax, "normalized_user") || !lax.at("normalized_user").is_string() || jid.is_service()) return;
  check.expect_equal(jid.bare().normalized().to_string(), text(lax, "normalized_user"), "normalised");
}

void check_class(const Jid& jid, const json& lax, Case& check) {
  const auto expect = [&](const char* field, bool ours) {
    if (present(lax, field)) check.expect(lax.at(field).get<bool>() == ours, std::string{field} + " differs");
  };
  expect("is_pn", jid.server() == Server::kUser);
  expect("is_lid", jid.server() == Server::kLid);
  expect("is_hosted_pn", jid.server() == Server::kHosted);
  expect("is_hosted_lid", jid.server() == Server::kHostedLid);
  expect("is_group", jid.is_group());
  expect("is_broadcast", jid.server() == Server::kBroadcast);
  expect("is_status", jid.is_status());
  expect("is_newsletter", jid.is_newsletter());
  expect("is_meta_ai", jid.server() == Server::kBot);
  if (lax.value("is_bot", false)) check.expect(jid.is_bot(), "is a bot by its number");
}

void check_case(const json& entry, Case& check) {
  const std::string original = text(entry, "jid");
  const auto jid = Jid::parse(original);
  const json& strict = entry.at("zapo").at("full");
  const bool strict_refuses = strict.contains("error");

  if (strict_refuses ? !is_server_jid(original) : refused_by_our_rules(original)) {
    check.expect(!jid, "was accepted");
    return;
  }
  check.expect_success(jid, "parses");
  if (!jid) return;
  if (!strict_refuses) check_parts(*jid, strict, check);
  check_normalized(*jid, original, entry.at("baileys"), check);
  if (present(entry.at("baileys"), "decoded")) check_class(*jid, entry.at("baileys"), check);
}

/// These lists are the agent-aware library's: "_1" before ":device" is an agent number there.
std::optional<Jid> parse_with_agent(std::string text) {
  const std::size_t underscore = text.find('_');
  const std::size_t colon = text.find(':');
  if (underscore != std::string::npos && colon != std::string::npos && underscore < colon)
    text.erase(underscore, colon - underscore);
  auto jid = Jid::parse(text);
  if (!jid) return std::nullopt;
  return *std::move(jid);
}

void check_same(const json& entry, Case& check) {
  const auto a = parse_with_agent(text(entry, "a"));
  const auto b = parse_with_agent(text(entry, "b"));
  const bool same = a && b && a->same_account(*b);
  check.expect(same == entry.at("strict_same_user").get<bool>(), "sameness differs");
}

void check_transfer(const json& entry, Case& check) {
  const auto from = parse_with_agent(text(entry, "from"));
  const auto to = parse_with_agent(text(entry, "to"));
  check.expect(from && to, "does not parse");
  if (from && to)
    check.expect_equal(to->with_device(from->device()).to_string(), text(entry, "result"), "result");
}

void check_encode(const json& entry, Case& check) {
  const auto device = static_cast<std::uint16_t>(device_of(entry));
  const Jid jid = Jid::on_server(text(entry, "user"), text(entry, "server")).with_device(device);
  // A server JID is printed without the '@' that the other library gives it.
  const std::string result = text(entry, "result");
  check.expect_equal(jid.to_string(), result.starts_with('@') ? result.substr(1) : result, "text");
}

}  // namespace

Outcome run_jid(const json& file) {
  Report report;
  const auto run_list = [&](const char* list, void (*body)(const json&, Case&)) {
    for_each_case(file, list, [&](const std::string& name, const json& entry) {
      report.run(name, [&](Case& check) { body(entry, check); });
    });
  };
  run_list("cases", check_case);
  run_list("same", check_same);
  run_list("transfer", check_transfer);
  run_list("encode", check_encode);
  return report.take();
}

}  // namespace vector_check
