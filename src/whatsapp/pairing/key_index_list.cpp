#include "whatsapp/pairing/key_index_list.h"

#include <algorithm>

#include "crypto/xeddsa.h"
#include "proto/pairing.pb.h"
#include "whatsapp/pairing/adv_prefix.h"
#include "whatsapp/pairing/proto_bytes.h"

namespace whatsapp::pairing {
namespace {

using base::Bytes;
using base::ByteView;

}  // namespace

base::Result<KeyIndexList> KeyIndexList::parse(ByteView bytes) {
  WA_TRY(const auto fields, parse_proto<proto::ADVKeyIndexList>(bytes, "key index list"));
  KeyIndexList out;
  out.raw_id = fields.raw_id();
  out.timestamp = fields.timestamp();
  out.current_index = fields.current_index();
  out.valid_indexes.assign(fields.valid_indexes().begin(), fields.valid_indexes().end());
  out.account_type = fields.account_type() == proto::HOSTED ? Encryption::kHosted : Encryption::kEndToEnd;
  return out;
}

Bytes KeyIndexList::encode() const {
  proto::ADVKeyIndexList fields;
  fields.set_raw_id(raw_id);
  fields.set_timestamp(timestamp);
  fields.set_current_index(current_index);
  for (std::uint32_t index : valid_indexes) fields.add_valid_indexes(index);
  if (account_type == Encryption::kHosted) fields.set_account_type(proto::HOSTED);
  return serialize_proto(fields);
}

bool KeyIndexList::allows(std::uint32_t device, std::uint32_t key_index) const {
  if (device == 0 || key_index > current_index) return true;
  return std::ranges::find(valid_indexes, key_index) != valid_indexes.end();
}

base::Result<SignedKeyIndexList> SignedKeyIndexList::parse(ByteView bytes) {
  WA_TRY(const auto fields, parse_proto<proto::ADVSignedKeyIndexList>(bytes, "signed key index list"));
  SignedKeyIndexList out;
  out.details = base::to_bytes(fields.details());
  out.account_signature = base::to_bytes(fields.account_signature());
  if (fields.has_account_signature_key()) {
    out.account_signature_key = exactly<32>(fields.account_signature_key());
    if (!out.account_signature_key)
      return base::fail(base::ErrorCode::kCrypto, "account signature key of the wrong length");
  }
  return out;
}

Bytes SignedKeyIndexList::encode() const {
  proto::ADVSignedKeyIndexList fields;
  set_bytes(fields.mutable_details(), details);
  set_bytes(fields.mutable_account_signature(), account_signature);
  if (account_signature_key) set_bytes(fields.mutable_account_signature_key(), *account_signature_key);
  return serialize_proto(fields);
}

SignedKeyIndexList sign_key_index_list(const crypto::KeyPair& account, const KeyIndexList& list,
                                       base::Random& random) {
  SignedKeyIndexList out;
  out.details = list.encode();
  const Bytes text = base::concat(kKeyIndexListPrefix, out.details);
  out.account_signature = base::to_bytes(crypto::xeddsa_sign(account.private_key, text, random));
  return out;
}

bool verify_key_index_list(const SignedKeyIndexList& list, const crypto::PublicKey& account) {
  return std::ranges::any_of(
      std::array{kKeyIndexListPrefix, kHostedKeyIndexListPrefix}, [&](const auto& prefix) {
        return crypto::xeddsa_verify(account, base::concat(prefix, list.details), list.account_signature);
      });
}

}  // namespace whatsapp::pairing
