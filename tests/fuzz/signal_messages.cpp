// Messages of a peer against a session that exists, damaged in any way, and records read from the disk.
#include "input.h"
#include "whatsapp/signal/group_cipher.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/sender_key_record.h"
#include "whatsapp/signal/session_builder.h"
#include "whatsapp/signal/session_cipher.h"
#include "whatsapp/signal/session_record.h"

namespace {

using namespace whatsapp::signal;

/// Two parties that have met: what one writes the other can read.
struct Pair {
  base::SeededRandom random{1};
  LocalIdentity us{crypto::generate_key_pair(random), 11};
  LocalIdentity them{crypto::generate_key_pair(random), 12};
  SignedPreKey signed_pre_key = make_signed_pre_key();
  LoadedPreKeys pre_keys;
  SessionRecord ours, theirs;
  SenderKeyRecord group_of_theirs, group_of_ours;

  SignedPreKey make_signed_pre_key() { return generate_signed_pre_key(us.identity, 1, 0, random); }

  Pair() {
    pre_keys.signed_pre_key = signed_pre_key;
    PreKeyBundle bundle;
    bundle.registration_id = us.registration_id;
    bundle.identity = us.identity.public_key;
    bundle.signed_pre_key_id = signed_pre_key.id;
    bundle.signed_pre_key = signed_pre_key.keys.public_key;
    bundle.signed_pre_key_signature = signed_pre_key.signature;
    (void)start_session(theirs, bundle, them, random);
    const auto hello = encrypt(theirs, base::as_bytes("hello"));
    const ReceiveContext context{us, pre_keys, std::nullopt, Peer::kOther, random};
    if (hello) (void)decrypt(ours, hello->kind, hello->bytes, context);
    create_sender_key(group_of_theirs, random);
    if (const auto share = distribution_message(group_of_theirs))
      (void)process_distribution(group_of_ours, *share);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Pair kMet;
  Pair pair = kMet;
  fuzz::Input in(data, size);
  switch (in.byte() % 6) {
    case 0:
    case 1: {
      const auto kind = in.byte() % 2 == 0 ? MessageKind::kMessage : MessageKind::kPreKeyMessage;
      (void)peek_pre_keys(in.rest());
      const ReceiveContext context{pair.us, pair.pre_keys, std::nullopt, Peer::kOther, pair.random};
      fuzz::Input again(data, size);
      again.take(2);
      (void)decrypt(pair.ours, kind, again.rest(), context);
      break;
    }
    case 2: {
      // A real message with some bytes changed.
      auto real = encrypt(pair.theirs, base::as_bytes("hello again"));
      if (!real || real->bytes.empty()) break;
      while (!in.empty()) {
        const std::size_t at = ((std::size_t{in.byte()} << 8) | in.byte()) % real->bytes.size();
        real->bytes[at] ^= in.byte();
      }
      const ReceiveContext context{pair.us, pair.pre_keys, std::nullopt, Peer::kOther, pair.random};
      (void)decrypt(pair.ours, real->kind, real->bytes, context);
      break;
    }
    case 3:
      (void)group_decrypt(pair.group_of_ours, in.rest());
      break;
    case 4:
      (void)process_distribution(pair.group_of_ours, in.rest());
      break;
    default: {
      const auto bytes = in.rest();
      (void)SessionRecord::parse(bytes);
      (void)SenderKeyRecord::parse(bytes);
    }
  }
  return 0;
}
