#include "crypto/aes.h"
#include "whatsapp/noise/handshake.h"
#include "whatsapp/noise/handshake_message.h"

namespace whatsapp::noise {
namespace {

using base::ByteView;
using base::ErrorCode;
using base::Result;
using proto::HandshakeMessage;

auto malformed(std::string why) { return base::fail(ErrorCode::kMalformed, std::move(why)); }

/// The server's hello with both keys, as XX and its fallback have it.
struct FullServerHello {
  crypto::PublicKey ephemeral{};
  ByteView sealed_key;
  ByteView sealed_chain;
};

Result<FullServerHello> parse_full_hello(const HandshakeMessage::ServerHello& hello) {
  WA_TRY(const crypto::PublicKey ephemeral, parse_key(base::as_bytes(hello.ephemeral())));
  if (hello.static_().size() != kSealedKeySize) return malformed("server hello without a static key");
  if (hello.payload().size() <= crypto::kGcmTagSize) return malformed("server hello without a certificate");
  return FullServerHello{ephemeral, base::as_bytes(hello.static_()), base::as_bytes(hello.payload())};
}

base::Bytes client_finish(ByteView sealed_key, ByteView sealed_payload) {
  HandshakeMessage message;
  assign(*message.mutable_client_finish()->mutable_static_(), sealed_key);
  assign(*message.mutable_client_finish()->mutable_payload(), sealed_payload);
  return serialized(message);
}

/// XX from the server's hello on; `state` has seen all that came before.
Result<Established> complete_full_exchange(NoiseState& state, const ClientCredentials& own,
                                           const FullServerHello& hello, const CertificatePolicy& policy,
                                           std::int64_t now) {
  state.mix_hash(hello.ephemeral);
  WA_TRY_VOID(state.mix_key(own.ephemeral.private_key, hello.ephemeral));
  WA_TRY(const base::Bytes server_key_bytes, state.decrypt(hello.sealed_key));
  WA_TRY(const crypto::PublicKey server_key, parse_key(server_key_bytes));
  WA_TRY_VOID(state.mix_key(own.ephemeral.private_key, server_key));
  WA_TRY(const base::Bytes chain, state.decrypt(hello.sealed_chain));
  WA_TRY(const VerifiedServer server, verify_chain(chain, server_key, policy, now));

  const base::Bytes sealed_key = state.encrypt(own.device.public_key);
  WA_TRY_VOID(state.mix_key(own.device.private_key, hello.ephemeral));
  const base::Bytes sealed_payload = state.encrypt(own.payload);
  return Established{state.split(), client_finish(sealed_key, sealed_payload), server};
}

/// IK: the server proves that it has the key we sealed our hello for by answering at all.
Result<Established> complete_resumption(NoiseState& state, const ClientCredentials& own,
                                        const HandshakeMessage::ServerHello& hello) {
  WA_TRY(const crypto::PublicKey ephemeral, parse_key(base::as_bytes(hello.ephemeral())));
  state.mix_hash(ephemeral);
  WA_TRY_VOID(state.mix_key(own.ephemeral.private_key, ephemeral));
  WA_TRY_VOID(state.mix_key(own.device.private_key, ephemeral));
  WA_TRY_VOID(state.decrypt(base::as_bytes(hello.payload())));
  return Established{state.split(), std::nullopt, std::nullopt};
}

}  // namespace

ClientHandshake::ClientHandshake(ClientCredentials credentials, NoiseState state, Pattern pattern)
    : credentials_(std::move(credentials)), state_(std::move(state)), pattern_(pattern) {}

ClientHandshake::ClientHandshake(ClientCredentials credentials)
    : ClientHandshake(std::move(credentials), NoiseState{Pattern::kXx}, Pattern::kXx) {
  state_.mix_hash(credentials_.ephemeral.public_key);
  HandshakeMessage message;
  assign(*message.mutable_client_hello()->mutable_ephemeral(), credentials_.ephemeral.public_key);
  hello_ = serialized(message);
}

Result<ClientHandshake> ClientHandshake::resume(ClientCredentials credentials,
                                                const crypto::PublicKey& server_key) {
  ClientHandshake handshake{std::move(credentials), NoiseState{Pattern::kIk}, Pattern::kIk};
  const ClientCredentials& own = handshake.credentials_;
  NoiseState& state = handshake.state_;
  state.mix_hash(server_key);
  state.mix_hash(own.ephemeral.public_key);
  WA_TRY_VOID(state.mix_key(own.ephemeral.private_key, server_key));
  const base::Bytes sealed_key = state.encrypt(own.device.public_key);
  WA_TRY_VOID(state.mix_key(own.device.private_key, server_key));
  const base::Bytes sealed_payload = state.encrypt(own.payload);

  HandshakeMessage message;
  auto& hello = *message.mutable_client_hello();
  assign(*hello.mutable_ephemeral(), own.ephemeral.public_key);
  assign(*hello.mutable_static_(), sealed_key);
  assign(*hello.mutable_payload(), sealed_payload);
  handshake.hello_ = serialized(message);
  return handshake;
}

Result<Established> ClientHandshake::on_server_hello(ByteView frame, const CertificatePolicy& policy,
                                                     std::int64_t now) {
  WA_TRY(const HandshakeMessage message, parse_handshake_message(frame));
  if (!message.has_server_hello()) return malformed("handshake message without a server hello");
  const auto& hello = message.server_hello();

  if (pattern_ == Pattern::kIk && !hello.has_static_())
    return complete_resumption(state_, credentials_, hello);
  WA_TRY(const FullServerHello full, parse_full_hello(hello));
  if (pattern_ == Pattern::kIk) {
    // The server has another key than the one we know: begin again with the ephemeral already sent.
    state_ = NoiseState{Pattern::kXxFallback};
    state_.mix_hash(credentials_.ephemeral.public_key);
  }
  return complete_full_exchange(state_, credentials_, full, policy, now);
}

}  // namespace whatsapp::noise
