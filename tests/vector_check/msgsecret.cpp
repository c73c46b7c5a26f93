// msgsecret.json: encrypted additions and reporting tokens by other implementations. Each addition must
// decrypt, and come out the same when encrypted with the listed IV; the rejects (poll votes unless they say
// otherwise) must not decrypt.
#include <algorithm>

#include "proto/message.pb.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/message/message_secret.h"
#include "whatsapp/message/message_secret_content.h"
#include "whatsapp/message/message_secret_report.h"

namespace vector_check {
namespace {

using base::Bytes;
using nlohmann::json;
using namespace whatsapp::message;
using whatsapp::binary::Jid;

Jid jid_at(const json& entry, std::string_view field) {
  const auto jid = Jid::parse(text(entry, field));
  if (!jid) throw std::runtime_error("not a JID: " + text(entry, field));
  return *jid;
}

AddOn kind_of(const json& entry) {
  if (!present(entry, "type")) return AddOn::kPollVote;
  const auto kind = add_on_of_use_case(text(entry, "type"));
  if (!kind) throw std::runtime_error("unknown type " + text(entry, "type"));
  return *kind;
}

void check_options(const json& entry, const std::vector<OptionHash>& selected, Case& check) {
  if (!present(entry, "poll_options")) return;
  const auto options = entry.at("poll_options").get<std::vector<std::string>>();
  if (present(entry, "option_hashes"))
    for (std::size_t i = 0; i < options.size(); ++i)
      check.expect_equal(option_hash(options[i]), hex_bytes(entry.at("option_hashes").at(i)), "option hash");
  if (!present(entry, "selected")) return;
  // Options of one name cannot be told apart: the file may list one twice, a vote counts it once.
  std::vector<std::string> expected;
  for (const json& name : entry.at("selected"))
    if (std::ranges::find(expected, name.get<std::string>()) == expected.end()) expected.push_back(name);
  check.expect(selected_names(selected, options) == expected, "selected options");
}

void check_vote(const json& entry, const Bytes& plaintext, Case& check) {
  const auto vote = read_vote(plaintext);
  check.expect_success(vote, "reading the vote");
  if (!vote) return;
  std::vector<OptionHash> listed;
  if (present(entry, "plaintext_json") && present(entry.at("plaintext_json"), "selectedOptions")) {
    for (const json& hash : entry.at("plaintext_json").at("selectedOptions"))
      listed.push_back(base::to_fixed<32>(hex_bytes(hash)));
    check.expect_equal(build_vote(listed), plaintext, "vote written by us");
  }
  check_options(entry, *vote, check);
}

void check_reaction(const json& entry, const Bytes& plaintext, Case& check) {
  whatsapp::proto::ReactionMessage reaction;
  check.expect(reaction.ParseFromArray(plaintext.data(), static_cast<int>(plaintext.size())),
               "reaction does not decode");
  if (present(entry, "plaintext_json") && present(entry.at("plaintext_json"), "text"))
    check.expect_equal(reaction.text(), text(entry.at("plaintext_json"), "text"), "text of the reaction");
}

void check_response(const json& entry, const Bytes& plaintext, Case& check) {
  const auto response = read_event_response(plaintext);
  check.expect_success(response, "reading the answer");
  if (!response) return;
  const auto again = read_event_response(build_event_response(*response));
  check.expect(again && again->answer == response->answer && again->timestamp_ms == response->timestamp_ms &&
                   again->extra_guests == response->extra_guests,
               "answer written by us");
  if (present(entry, "plaintext_json") && present(entry.at("plaintext_json"), "response"))
    check.expect(static_cast<int>(response->answer) == entry.at("plaintext_json").at("response").get<int>(),
                 "answer");
}

void check_plaintext(AddOn kind, const json& entry, const Bytes& plaintext, Case& check) {
  if (kind == AddOn::kPollVote) return check_vote(entry, plaintext, check);
  if (kind == AddOn::kReaction) return check_reaction(entry, plaintext, check);
  if (kind == AddOn::kEventResponse) return check_response(entry, plaintext, check);
  whatsapp::proto::Message message;
  check.expect(message.ParseFromArray(plaintext.data(), static_cast<int>(plaintext.size())),
               "plaintext is no message");
}

void check_case(const json& entry, Case& check) {
  const AddOn kind = kind_of(entry);
  const MessageSecret secret = fixed_hex<32>(entry, "message_secret");
  const std::string id = text(entry, "parent_message_id");
  const Jid author = jid_at(entry, "parent_sender");
  const Jid modifier = jid_at(entry, "modification_sender");
  const AddOnContext context{id, author, modifier};
  const Bytes plaintext = hex_bytes(entry, "plaintext");
  const Bytes ciphertext = hex_bytes(entry, "ciphertext");
  const auto iv = fixed_hex<12>(entry, "iv");

  if (present(entry, "key"))
    check.expect_equal(add_on_key(kind, secret, context), hex_bytes(entry, "key"), "key");
  if (present(entry, "aad")) check.expect_equal(add_on_aad(kind, context), hex_bytes(entry, "aad"), "aad");
  check.expect_equal(encrypt_add_on(kind, secret, context, plaintext, iv), ciphertext, "ciphertext");
  const auto opened = open_add_on(kind, secret, id, AccountForms{author, {}, {}},
                                  AccountForms{modifier, {}, {}}, iv, ciphertext);
  check.expect_success(opened, "decrypting");
  if (!opened) return;
  check.expect_equal(opened->plaintext, plaintext, "plaintext");
  check_plaintext(kind, entry, plaintext, check);
}

void check_reject(const json& entry, Case& check) {
  const auto secret = read_message_secret(hex_bytes(entry, "message_secret"));
  const auto author = Jid::parse(text(entry, "parent_sender"));
  const auto modifier = Jid::parse(text(entry, "modification_sender"));
  if (!secret || !author || !modifier) return;
  const AddOn kind = kind_of(entry);
  const std::string id = text(entry, "parent_message_id");
  const auto opened = decrypt_add_on(kind, *secret, {id, *author, *modifier}, hex_bytes(entry, "iv"),
                                     hex_bytes(entry, "ciphertext"));
  if (opened && kind == AddOn::kPollVote && !read_vote(*opened)) return;
  check.expect(!opened, "was accepted");
}

void check_token(const json& entry, Case& check) {
  const MessageSecret secret = fixed_hex<32>(entry, "message_secret");
  const std::string id = text(entry, "message_id");
  const ReportedMessage about{id, jid_at(entry, "sender"), jid_at(entry, "remote")};
  const Bytes message = hex_bytes(entry, "message");
  check.expect_equal(reporting_key(secret, about), hex_bytes(entry, "key"), "key");
  const auto content = reporting_content(message);
  check.expect_success(content, "choosing the fields");
  const Bytes expected = present(entry, "content") ? hex_bytes(entry, "content") : Bytes{};
  if (content) check.expect_equal(*content, expected, "content");
  const auto token = reporting_token(message, secret, about);
  check.expect_success(token, "making the token");
  if (!token) return;
  check.expect(token->has_value() == present(entry, "token"), "whether there is a token");
  if (*token && present(entry, "token")) check.expect_equal(**token, hex_bytes(entry, "token"), "token");
  if (present(entry, "version"))
    check.expect(entry.at("version").get<int>() == kReportingTokenVersion, "version");
}

}  // namespace

Outcome run_msgsecret(const json& file) {
  Report report;
  const auto run_list = [&](const char* list, void (*check_entry)(const json&, Case&)) {
    for_each_case(file, list, [&](const std::string& name, const json& entry) {
      report.run(name, [&](Case& check) { check_entry(entry, check); });
    });
  };
  run_list("cases", check_case);
  run_list("rejects", check_reject);
  run_list("reporting_tokens", check_token);
  return report.take();
}

}  // namespace vector_check
