// noise.json: whole handshakes with every intermediate value, both sides replayed; transport frames; and
// server hellos that must make the client give up.
#include <optional>

#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/noise/frame_cipher.h"
#include "whatsapp/noise/frame_stream.h"
#include "whatsapp/noise/handshake.h"

namespace vector_check {
namespace {

using base::Bytes;
using base::ByteView;
using nlohmann::json;
using namespace whatsapp::noise;

crypto::KeyPair key_pair(const json& entry, const char* field) {
  return crypto::key_pair_of(fixed_hex<32>(entry.at(field), "priv"));
}

ClientCredentials client_of(const json& entry) {
  return {key_pair(entry, "client_static"), key_pair(entry, "client_ephemeral"),
          hex_bytes(entry, "client_payload")};
}

CertificatePolicy policy_of(const json& entry) {
  const json& cert = entry.at("cert");
  CertificatePolicy policy;
  policy.root_key = fixed_hex<32>(cert.at("root"), "pub");
  policy.root_serial = cert.at("serials").at("root").get<std::uint32_t>();
  return policy;
}

/// A moment at which the certificates of the case are valid.
std::int64_t moment_of(const json& entry) {
  const auto from = entry.at("cert").at("not_before").get<std::int64_t>();
  const auto until = entry.at("cert").at("not_after").get<std::int64_t>();
  return from + (until - from) / 2;
}

void check_key_pairs(const json& entry, Case& check) {
  for (const char* field : {"client_ephemeral", "client_static", "server_ephemeral", "server_static"})
    check.expect_equal(key_pair(entry, field).public_key, hex_bytes(entry.at(field), "pub"), field);
}

void check_certificate(const json& entry, Case& check) {
  const json& cert = entry.at("cert");
  const Bytes chain = hex_bytes(cert, "chain");
  const auto server_key = fixed_hex<32>(entry.at("server_static"), "pub");
  const auto verified = verify_chain(chain, server_key, policy_of(entry), moment_of(entry));
  check.expect_success(verified, "certificate");
  if (!verified) return;
  check.expect(verified->leaf.not_before == cert.at("not_before").get<std::uint64_t>(), "leaf not_before");
  check.expect(verified->leaf.not_after == cert.at("not_after").get<std::uint64_t>(), "leaf not_after");
  check.expect(!verify_chain(chain, server_key, {}, moment_of(entry)), "the service's root accepted it");
}

// ---- every intermediate value ----

std::optional<Pattern> pattern_of(const json& step) {
  const std::string name = text(step, "protocol_name");
  if (name.starts_with("Noise_XXfallback_")) return Pattern::kXxFallback;
  if (name.starts_with("Noise_XX_")) return Pattern::kXx;
  if (name.starts_with("Noise_IK_")) return Pattern::kIk;
  return std::nullopt;
}

/// The two keys that "ee", "es", "se" or "ss" agree with, from the client's side.
struct Agreement {
  crypto::PrivateKey ours;
  crypto::PublicKey theirs{};
};

Agreement agreement_of(const json& entry, const std::string& label) {
  const char* own = label.at(0) == 'e' ? "client_ephemeral" : "client_static";
  const char* peer = label.at(1) == 'e' ? "server_ephemeral" : "server_static";
  return {key_pair(entry, own).private_key, key_pair(entry, peer).public_key};
}

void check_mix_key(NoiseState& state, const json& entry, const json& step, Case& check) {
  const Agreement agreement = agreement_of(entry, text(step, "label"));
  const auto shared = crypto::agree(agreement.ours, agreement.theirs);
  check.expect(shared.has_value(), "no agreement");
  if (shared) check.expect_equal(shared->view(), hex_bytes(step, "dh"), "dh of " + text(step, "label"));
  check.expect_success(state.mix_key(agreement.ours, agreement.theirs), "mix_key");
}

void check_split(const NoiseState& state, const json& step, Case& check) {
  const TransportKeys keys = state.split();
  check.expect_equal(keys.client_to_server.view(), hex_bytes(step, "client_to_server_key"), "c2s key");
  check.expect_equal(keys.server_to_client.view(), hex_bytes(step, "server_to_client_key"), "s2c key");
}

void check_state(const NoiseState& state, const json& step, const std::string& name, Case& check) {
  check.expect_equal(state.hash(), hex_bytes(step, "h"), name + " h");
  check.expect_equal(state.chaining_key().view(), hex_bytes(step, "ck"), name + " ck");
  check.expect_equal(state.cipher_key().view(), hex_bytes(step, "k"), name + " k");
}

void check_steps(const json& entry, Case& check) {
  std::optional<NoiseState> state;
  bool header_pending = false;  // our state mixes the header in when it begins
  for (const auto& step : entry.at("steps")) {
    const std::string op = text(step, "op");
    if (op == "init") {
      const auto pattern = pattern_of(step);
      check.expect(pattern.has_value(), "unknown pattern");
      if (!pattern) return;
      state.emplace(*pattern);
      header_pending = true;
      continue;
    }
    if (!state) return check.expect(false, "steps do not begin with init");
    if (op == "mix_hash") {
      if (!header_pending) state->mix_hash(hex_bytes(step, "data"));
      header_pending = false;
    } else if (op == "mix_key") {
      check_mix_key(*state, entry, step, check);
    } else if (op == "encrypt_and_hash") {
      check.expect_equal(state->encrypt(hex_bytes(step, "plaintext")), hex_bytes(step, "ciphertext"),
                         text(step, "label"));
    } else if (op == "split") {
      check_split(*state, step, check);
    } else {
      check.expect(false, "unknown step " + op);
    }
    check_state(*state, step, op, check);
  }
}

// ---- the messages ----

void check_wire(const json& entry, Case& check) {
  check.expect_equal(kConnectionHeader, hex_bytes(entry, "header"), "header");
  const Bytes routing = present(entry, "routing_info") ? hex_bytes(entry, "routing_info") : Bytes{};
  const Bytes intro = prologue(routing);
  check.expect_equal(intro, hex_bytes(entry, "intro"), "intro");
  const auto received = read_prologue(intro);
  check.expect(received && *received && (*received)->routing_info == routing, "the intro does not read back");

  for (const char* message : {"client_hello", "server_hello", "client_finish"}) {
    Bytes wire = std::string_view{message} == "client_hello" ? intro : Bytes{};
    check.expect_success(append_frame(wire, hex_bytes(entry, message)), message);
    check.expect_equal(wire, hex_bytes(entry.at("wire"), message), std::string{"wire "} + message);
  }
}

std::optional<TransportKeys> check_client(const json& entry, Case& check) {
  ClientHandshake client{client_of(entry)};
  check.expect_equal(client.hello(), hex_bytes(entry, "client_hello"), "client hello");
  auto done = client.on_server_hello(hex_bytes(entry, "server_hello"), policy_of(entry), moment_of(entry));
  check.expect_success(done, "client side");
  if (!done) return std::nullopt;
  check.expect(done->finish.has_value() && done->server.has_value(), "no finish");
  if (done->finish) check.expect_equal(*done->finish, hex_bytes(entry, "client_finish"), "client finish");
  return done->keys;
}

void check_server(const json& entry, Case& check) {
  ServerHandshake server{{key_pair(entry, "server_static"), hex_bytes(entry.at("cert"), "chain")},
                         key_pair(entry, "server_ephemeral")};
  const auto reply = server.on_client_hello(hex_bytes(entry, "client_hello"));
  check.expect_success(reply, "server side");
  if (!reply) return;
  check.expect_equal(reply->hello, hex_bytes(entry, "server_hello"), "server hello");
  const auto accepted = server.on_client_finish(hex_bytes(entry, "client_finish"));
  check.expect_success(accepted, "server side, finish");
  if (!accepted) return;
  check.expect_equal(accepted->payload, hex_bytes(entry, "client_payload"), "payload seen by the server");
  check.expect_equal(accepted->device_key, hex_bytes(entry.at("client_static"), "pub"), "device key");
}

// ---- transport ----

void check_direction(const json& frames, FrameCipher& sender, FrameCipher& receiver, Case& check) {
  std::uint64_t next = 0;
  for (const auto& frame : frames) {
    const std::string name = "frame " + std::to_string(next);
    check.expect(frame.at("counter").get<std::uint64_t>() == next, name + " is out of order");
    ++next;
    const Bytes plaintext = hex_bytes(frame, "plaintext");
    Bytes wire;
    check.expect_success(sender.seal(plaintext, wire), name);
    check.expect_equal(wire, hex_bytes(frame, "wire"), name + " wire");
    Bytes received = hex_bytes(frame, "ciphertext");
    const auto opened = receiver.open(received);
    check.expect_success(opened, name + " opens");
    if (opened) check.expect_equal(*opened, plaintext, name + " plaintext");
  }
}

void check_transport(const json& entry, const TransportKeys& keys, Case& check) {
  FrameCipher client{keys, Side::kClient};
  FrameCipher server{keys, Side::kServer};
  check_direction(entry.at("transport").at("client_to_server"), client, server, check);
  check_direction(entry.at("transport").at("server_to_client"), server, client, check);
}

void check_case(const json& entry, Case& check) {
  check_key_pairs(entry, check);
  check_certificate(entry, check);
  check_steps(entry, check);
  check_wire(entry, check);
  const auto keys = check_client(entry, check);
  check_server(entry, check);
  if (keys) check_transport(entry, *keys, check);
}

const json* case_named(const json& file, const std::string& name) {
  for (const auto& entry : file.at("cases"))
    if (entry.at("name") == name) return &entry;
  return nullptr;
}

void run_negative(const json& file, Report& report) {
  if (!present(file, "negative_server_hellos")) return;
  const json& negative = file.at("negative_server_hellos");
  for_each_case(negative, "items", [&](const std::string& name, const json& item) {
    report.run("negative " + name, [&](Case& check) {
      const json* keys = case_named(file, text(negative, "uses_keys_of_case"));
      if (keys == nullptr) return check.expect(false, "its keys are missing");
      CertificatePolicy policy = policy_of(*keys);
      policy.root_key = fixed_hex<32>(negative, "root_public");
      ClientHandshake client{client_of(*keys)};
      check.expect(!client.on_server_hello(hex_bytes(item, "server_hello"), policy, moment_of(*keys)),
                   "was accepted");
    });
  });
}

}  // namespace

Outcome run_noise(const json& file) {
  Report report;
  for_each_case(file, "cases", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_case(entry, check); });
  });
  run_negative(file, report);
  return report.take();
}

}  // namespace vector_check
