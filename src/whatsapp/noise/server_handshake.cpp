#include "whatsapp/noise/handshake.h"
#include "whatsapp/noise/handshake_message.h"

namespace whatsapp::noise {
namespace {

using base::ByteView;
using base::ErrorCode;
using base::Result;
using proto::HandshakeMessage;

auto malformed(std::string why) { return base::fail(ErrorCode::kMalformed, std::move(why)); }

/// What an IK hello says to a server that has the key it was sealed for.
struct ResumingClient {
  crypto::PublicKey device_key{};
  base::Bytes payload;
};

Result<ResumingClient> open_resumption(NoiseState& state, const crypto::KeyPair& own,
                                       const crypto::PublicKey& client_ephemeral, ByteView sealed_key,
                                       ByteView sealed_payload) {
  state.mix_hash(own.public_key);
  state.mix_hash(client_ephemeral);
  WA_TRY_VOID(state.mix_key(own.private_key, client_ephemeral));
  WA_TRY(const base::Bytes key_bytes, state.decrypt(sealed_key));
  WA_TRY(const crypto::PublicKey device_key, parse_key(key_bytes));
  WA_TRY_VOID(state.mix_key(own.private_key, device_key));
  WA_TRY(base::Bytes payload, state.decrypt(sealed_payload));
  return ResumingClient{device_key, std::move(payload)};
}

}  // namespace

ServerHandshake::ServerHandshake(ServerCredentials credentials, crypto::KeyPair ephemeral)
    : credentials_(std::move(credentials)), ephemeral_(std::move(ephemeral)) {}

Result<ServerReply> ServerHandshake::on_client_hello(ByteView frame) {
  WA_TRY(const HandshakeMessage message, parse_handshake_message(frame));
  if (!message.has_client_hello()) return malformed("handshake message without a client hello");
  const auto& hello = message.client_hello();
  WA_TRY(const crypto::PublicKey client_ephemeral, parse_key(base::as_bytes(hello.ephemeral())));

  if (!hello.has_static_()) {
    WA_TRY(base::Bytes reply, offer_full_exchange(Pattern::kXx, client_ephemeral));
    return ServerReply{std::move(reply), std::nullopt};
  }
  auto accepted =
      accept_resumption(client_ephemeral, base::as_bytes(hello.static_()), base::as_bytes(hello.payload()));
  if (accepted) return accepted;
  WA_TRY(base::Bytes reply, offer_full_exchange(Pattern::kXxFallback, client_ephemeral));
  return ServerReply{std::move(reply), std::nullopt};
}

Result<base::Bytes> ServerHandshake::offer_full_exchange(Pattern pattern,
                                                         const crypto::PublicKey& client_ephemeral) {
  NoiseState state{pattern};
  state.mix_hash(client_ephemeral);
  state.mix_hash(ephemeral_.public_key);
  WA_TRY_VOID(state.mix_key(ephemeral_.private_key, client_ephemeral));

  HandshakeMessage message;
  auto& hello = *message.mutable_server_hello();
  assign(*hello.mutable_ephemeral(), ephemeral_.public_key);
  assign(*hello.mutable_static_(), state.encrypt(credentials_.key.public_key));
  WA_TRY_VOID(state.mix_key(credentials_.key.private_key, client_ephemeral));
  assign(*hello.mutable_payload(), state.encrypt(credentials_.certificate_chain));
  awaiting_finish_ = std::move(state);
  return serialized(message);
}

Result<ServerReply> ServerHandshake::accept_resumption(const crypto::PublicKey& client_ephemeral,
                                                       ByteView sealed_key, ByteView sealed_payload) {
  NoiseState state{Pattern::kIk};
  WA_TRY(ResumingClient client,
         open_resumption(state, credentials_.key, client_ephemeral, sealed_key, sealed_payload));
  state.mix_hash(ephemeral_.public_key);
  WA_TRY_VOID(state.mix_key(ephemeral_.private_key, client_ephemeral));
  WA_TRY_VOID(state.mix_key(ephemeral_.private_key, client.device_key));

  HandshakeMessage message;
  auto& hello = *message.mutable_server_hello();
  assign(*hello.mutable_ephemeral(), ephemeral_.public_key);
  assign(*hello.mutable_payload(), state.encrypt(credentials_.certificate_chain));
  AcceptedClient accepted{state.split(), client.device_key, std::move(client.payload)};
  return ServerReply{serialized(message), std::move(accepted)};
}

Result<AcceptedClient> ServerHandshake::on_client_finish(ByteView frame) {
  if (!awaiting_finish_) return malformed("a client finish out of turn");
  NoiseState state = *std::move(awaiting_finish_);
  awaiting_finish_.reset();
  WA_TRY(const HandshakeMessage message, parse_handshake_message(frame));
  if (!message.has_client_finish()) return malformed("handshake message without a client finish");

  WA_TRY(const base::Bytes key_bytes, state.decrypt(base::as_bytes(message.client_finish().static_())));
  WA_TRY(const crypto::PublicKey device_key, parse_key(key_bytes));
  WA_TRY_VOID(state.mix_key(ephemeral_.private_key, device_key));
  WA_TRY(base::Bytes payload, state.decrypt(base::as_bytes(message.client_finish().payload())));
  return AcceptedClient{state.split(), device_key, std::move(payload)};
}

}  // namespace whatsapp::noise
