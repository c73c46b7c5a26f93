#include "whatsapp/signal/session_builder.h"

#include "crypto/hkdf.h"
#include "whatsapp/signal/double_ratchet.h"

namespace whatsapp::signal {
namespace {

using base::ErrorCode;
using base::Secret;

/// The agreements of X3DH in their order; the last only with a one-time pre-key.
class Agreement {
 public:
  Agreement() {
    material_.reserve(5 * 32);
    material_.assign(32, 0xFF);  // sets X3DH apart from signatures
  }
  ~Agreement() { sodium_memzero(material_.data(), material_.size()); }
  Agreement(const Agreement&) = delete;
  Agreement& operator=(const Agreement&) = delete;

  base::Result<void> add(const crypto::PrivateKey& ours, const crypto::PublicKey& theirs) {
    WA_TRY(const Secret<32> shared, crypto::agree(ours, theirs));
    base::append(material_, shared.view());
    return {};
  }

  [[nodiscard]] RootAndChain derive() const {
    const auto derived = crypto::hkdf_sha256<64>(material_, {}, "WhisperText");
    return {Secret<32>{base::to_fixed<32>(derived.view().first(32))},
            Secret<32>{base::to_fixed<32>(derived.view().last(32))}};
  }

 private:
  base::Bytes material_;
};

base::Result<RootAndChain> agree_as_initiator(const PreKeyBundle& bundle, const crypto::KeyPair& identity,
                                              const crypto::KeyPair& base_key) {
  Agreement agreement;
  WA_TRY_VOID(agreement.add(identity.private_key, bundle.signed_pre_key));
  WA_TRY_VOID(agreement.add(base_key.private_key, bundle.identity));
  WA_TRY_VOID(agreement.add(base_key.private_key, bundle.signed_pre_key));
  if (bundle.pre_key) WA_TRY_VOID(agreement.add(base_key.private_key, bundle.pre_key->key));
  return agreement.derive();
}

base::Result<RootAndChain> agree_as_responder(const PreKeySignalMessage& first,
                                              const crypto::KeyPair& identity,
                                              const crypto::KeyPair& signed_pre_key, const PreKey* pre_key) {
  Agreement agreement;
  WA_TRY_VOID(agreement.add(signed_pre_key.private_key, first.identity_key));
  WA_TRY_VOID(agreement.add(identity.private_key, first.base_key));
  WA_TRY_VOID(agreement.add(signed_pre_key.private_key, first.base_key));
  if (pre_key != nullptr) WA_TRY_VOID(agreement.add(pre_key->keys.private_key, first.base_key));
  return agreement.derive();
}

}  // namespace

base::Result<void> start_session(SessionRecord& record, const PreKeyBundle& offered,
                                 const LocalIdentity& local, base::Random& random) {
  PreKeyBundle bundle = offered;
  // Readers take id 0 for "none": a session that used such a key could never be understood.
  if (bundle.pre_key && bundle.pre_key->id == 0) bundle.pre_key.reset();
  if (!verify_signed_pre_key(bundle.identity, bundle.signed_pre_key, bundle.signed_pre_key_signature))
    return base::fail(ErrorCode::kCrypto, "pre-key bundle with a wrong signature");

  const crypto::KeyPair base_key = crypto::generate_key_pair(random);
  const crypto::KeyPair ratchet = crypto::generate_key_pair(random);
  WA_TRY(const RootAndChain begin, agree_as_initiator(bundle, local.keys, base_key));
  WA_TRY(const RootAndChain sending,
         ratchet_half_step(begin.root, ratchet.private_key, bundle.signed_pre_key));

  SessionState state;
  state.local_identity = local.keys.public_key;
  state.remote_identity = bundle.identity;
  state.root_key = sending.root;
  state.sender = SenderChain{ratchet, {0, sending.chain}};
  state.receivers.push_back({bundle.signed_pre_key, 0, begin.chain, {}});
  state.pending = PendingPreKey{std::nullopt, bundle.signed_pre_key_id, base_key.public_key};
  if (bundle.pre_key) state.pending->pre_key_id = bundle.pre_key->id;
  state.remote_registration_id = bundle.registration_id;
  state.local_registration_id = local.registration_id;
  state.base_key = base_key.public_key;
  record.install(std::move(state));
  return {};
}

base::Result<SessionState> respond_to_session(const PreKeySignalMessage& first, const LocalIdentity& local,
                                              const SignedPreKey& signed_pre_key, const PreKey* pre_key) {
  WA_TRY(const RootAndChain begin, agree_as_responder(first, local.keys, signed_pre_key.keys, pre_key));
  SessionState state;
  state.local_identity = local.keys.public_key;
  state.remote_identity = first.identity_key;
  state.root_key = begin.root;
  // Never used to send: the first message turns the ratchet and replaces it.
  state.sender = SenderChain{signed_pre_key.keys, {0, begin.chain}};
  state.remote_registration_id = first.registration_id;
  state.local_registration_id = local.registration_id;
  state.base_key = first.base_key;
  return state;
}

}  // namespace whatsapp::signal
