// sender_key.json: group conversations. The sender runs on the listed keys and must give the same bytes
// up to the signature; the receiver must read, or refuse and stay as it was.
//
// The producing library sends with iterations 0, 2, 4, …: the sender is moved forward to the iteration of
// each listed message.
#include "proto/signal.pb.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/signal/chain.h"
#include "whatsapp/signal/group_cipher.h"

namespace vector_check {
namespace {

using base::Bytes;
using base::ByteView;
using nlohmann::json;
using namespace whatsapp::signal;

constexpr std::size_t kSignatureSize = 64;

ByteView unsigned_part(const Bytes& wire) { return ByteView{wire}.first(wire.size() - kSignatureSize); }

std::uint32_t iteration_of(const Bytes& wire) {
  whatsapp::proto::SenderKeyMessage fields;
  const ByteView body = unsigned_part(wire).subspan(1);
  if (!fields.ParseFromArray(body.data(), static_cast<int>(body.size())))
    throw std::runtime_error("message does not decode");
  return fields.iteration();
}

Bytes without_type_byte(Bytes key) {
  if (key.size() == 33) key.erase(key.begin());
  return key;
}

class GroupConversation {
 public:
  explicit GroupConversation(const json& file) : file_(file) {}

  void step(const json& step, Case& check) {
    const auto op = text(step, "op");
    if (op == "create_distribution") return create(entry("distributions", step.at("distribution")), check);
    if (op == "process_distribution") return process(entry("distributions", step.at("distribution")), check);
    if (op == "encrypt") return encrypt_step(entry("messages", step.at("message")), check);
    if (op == "decrypt") return decrypt_step(step, check);
    if (op == "delete_sender_state") {
      sender_ = {};
      return;
    }
    check.expect(op == "note", "unknown step " + op);
  }

  void check_final_record(Case& check) const {
    for (const json& state : file_.at("receiver_final_record")) {
      const auto* ours = receiver_.find(state.at("senderKeyId").get<std::uint32_t>());
      check.expect(ours != nullptr, "sender key is gone");
      if (ours != nullptr) check_state(*ours, state, check);
    }
  }

 private:
  [[nodiscard]] const json& entry(const char* list, const json& id) const {
    for (const json& candidate : file_.at(list))
      if (candidate.at("id") == id) return candidate;
    throw std::runtime_error("no such entry");
  }

  static void check_state(const SenderKeyState& ours, const json& theirs, Case& check) {
    check.expect(ours.chain.index == theirs.at("senderChainKey").at("iteration").get<std::uint32_t>(),
                 "iteration");
    std::size_t kept = 0;
    for (const json& key : theirs.at("senderMessageKeys")) {
      check.expect(ours.skipped.find(key.at("iteration").get<std::uint32_t>()) != nullptr, "skipped key");
      ++kept;
    }
    check.expect(ours.skipped.size() == kept, "number of skipped keys");
  }

  /// Moves the sender's chain to `iteration`, as the producing library does between its messages.
  bool forward_sender(std::uint32_t iteration) {
    SenderKeyState* state = sender_.mutable_own();
    if (state == nullptr || state->chain.index > iteration) return false;
    while (state->chain.index < iteration)
      state->chain = {state->chain.index + 1, next_chain_key(state->chain.key)};
    return true;
  }

  void create(const json& distribution, Case& check) {
    if (!present(distribution, "signing_priv") || !present(distribution, "chain_key")) return;
    const auto id = distribution.at("key_id").get<std::uint32_t>();
    const auto iteration = distribution.at("iteration").get<std::uint32_t>();
    if (sender_.find(id) == nullptr) {
      SenderKeyState state;
      state.id = id;
      state.chain = {iteration, base::Secret<32>{fixed_hex<32>(distribution, "chain_key")}};
      const auto signing = crypto::key_pair_of(fixed_hex<32>(distribution, "signing_priv"));
      state.signing_key = signing.public_key;
      state.signing_private = signing.private_key;
      check.expect_equal(signing.public_key, without_type_byte(hex_bytes(distribution, "signing_pub")),
                         "signing key");
      sender_.insert(std::move(state));
    }
    check.expect(forward_sender(iteration), "the sender is past the distribution");
    const auto made = distribution_message(sender_);
    check.expect_success(made, "making the distribution");
    if (made)
      check.expect_equal(*made, hex_bytes(distribution, "distribution_message"), "distribution message");
  }

  void process(const json& distribution, Case& check) {
    const auto done = process_distribution(receiver_, hex_bytes(distribution, "distribution_message"));
    check.expect(done.has_value(), "processing the distribution");
    store(check);
  }

  void encrypt_step(const json& message, Case& check) {
    if (sender_.own() == nullptr) return;  // the file does not tell the sender's keys
    const Bytes wire = hex_bytes(message, "ciphertext");
    check.expect(forward_sender(iteration_of(wire)), "the sender is past the message");
    base::SeededRandom random{3};
    SenderKeyRecord reader{{*sender_.own()}};
    const auto made = group_encrypt(sender_, hex_bytes(message, "plaintext"), random);
    check.expect_success(made, "encrypting");
    if (!made) return;
    check.expect_equal(unsigned_part(*made), unsigned_part(wire), "message without signature");
    check.expect(group_decrypt(reader, *made).has_value(), "our own message is refused");
  }

  void decrypt_step(const json& step, Case& check) {
    const json& message = entry("messages", step.at("message"));
    const Bytes wire = hex_bytes(present(step, "ciphertext") ? step : message, "ciphertext");
    const Bytes before = receiver_.serialize();
    const auto read = group_decrypt(receiver_, wire);
    if (!read) {
      check.expect(present(step, "error") || present(step, "implementation_defined"),
                   "decrypting: " + std::string{to_string(read.error())});
      return check.expect_equal(receiver_.serialize(), before, "record after a failure");
    }
    check.expect(!present(step, "error"), "was accepted");
    check.expect_equal(*read, hex_bytes(message, "plaintext"), "plaintext");
    store(check);
  }

  /// What is stored is what is read again.
  void store(Case& check) {
    auto parsed = SenderKeyRecord::parse(receiver_.serialize());
    check.expect_success(parsed, "stored record");
    if (parsed) receiver_ = *std::move(parsed);
  }

  const json& file_;
  SenderKeyRecord sender_;
  SenderKeyRecord receiver_;
};

}  // namespace

Outcome run_sender_key(const json& file) {
  Report report;
  for_each_case(file, "conversations", [&](const std::string& name, const json& entry) {
    GroupConversation conversation{entry};
    for_each_case(entry, "steps", [&](const std::string& step_name, const json& step) {
      report.run(name + " " + step_name, [&](Case& check) { conversation.step(step, check); });
    });
    if (present(entry, "receiver_final_record"))
      report.run(name + " final record", [&](Case& check) { conversation.check_final_record(check); });
  });
  return report.take();
}

}  // namespace vector_check
