// The Noise handshake as pure state machines: frame payloads in, frame payloads and keys out. The client
// side for us, the server side for the simulator and the tests (spec 01 §7, §8).
//
//   XX:  hello → server hello (key, certificate) → finish (our key, login payload)
//   IK:  hello with our key and login payload for a server key known from before → server hello; done.
//        A server that has another key now answers as in XX, and the client carries on with XX fallback.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "whatsapp/noise/certificate.h"
#include "whatsapp/noise/noise_state.h"

namespace whatsapp::noise {

/// What a client brings to a connection. The ephemeral pair must be new for every connection.
struct ClientCredentials {
  crypto::KeyPair device;  // the long-lived noise key of this device
  crypto::KeyPair ephemeral;
  base::Bytes payload;  // serialised ClientPayload
};

/// The outcome of a client's handshake.
struct Established {
  TransportKeys keys;
  std::optional<base::Bytes> finish;     // payload of the frame to send before anything else; none after IK
  std::optional<VerifiedServer> server;  // checked in this handshake; none after IK, which needs no chain
};

class ClientHandshake {
 public:
  /// XX: nothing is known of the server.
  explicit ClientHandshake(ClientCredentials credentials);

  /// IK: `server_key` is from an earlier, verified handshake. kCrypto if that key has low order.
  static base::Result<ClientHandshake> resume(ClientCredentials credentials,
                                              const crypto::PublicKey& server_key);

  /// Payload of the first frame, to be sent behind the prologue.
  [[nodiscard]] const base::Bytes& hello() const { return hello_; }

  /// Takes the payload of the server's frame; may be called once. kMalformed for a message of another
  /// shape, kCrypto for what does not decrypt or a certificate that is wrong; is_clock_fault() for one
  /// that is not valid at `now` (Unix seconds). After any error nothing of the exchange may be used.
  base::Result<Established> on_server_hello(base::ByteView frame, const CertificatePolicy& policy,
                                            std::int64_t now);

 private:
  ClientHandshake(ClientCredentials credentials, NoiseState state, Pattern pattern);

  ClientCredentials credentials_;
  NoiseState state_;
  Pattern pattern_;
  base::Bytes hello_;
};

/// What a server shows to every client.
struct ServerCredentials {
  crypto::KeyPair key;
  base::Bytes certificate_chain;
};

/// A client whose handshake is complete, on the server's side.
struct AcceptedClient {
  TransportKeys keys;
  crypto::PublicKey device_key{};
  base::Bytes payload;
};

struct ServerReply {
  base::Bytes hello;                       // payload of the frame to send
  std::optional<AcceptedClient> accepted;  // after IK; otherwise the client's finish comes next
};

class ServerHandshake {
 public:
  /// The ephemeral pair must be new for every connection.
  ServerHandshake(ServerCredentials credentials, crypto::KeyPair ephemeral);

  /// Payload of the client's first frame. An IK hello for another key than ours is answered with fallback.
  base::Result<ServerReply> on_client_hello(base::ByteView frame);
  /// Payload of the client's second frame.
  base::Result<AcceptedClient> on_client_finish(base::ByteView frame);

 private:
  base::Result<base::Bytes> offer_full_exchange(Pattern pattern, const crypto::PublicKey& client_ephemeral);
  base::Result<ServerReply> accept_resumption(const crypto::PublicKey& client_ephemeral, base::ByteView key,
                                              base::ByteView payload);

  ServerCredentials credentials_;
  crypto::KeyPair ephemeral_;
  std::optional<NoiseState> awaiting_finish_;
};

}  // namespace whatsapp::noise
