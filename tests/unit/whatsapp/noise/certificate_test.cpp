#include "whatsapp/noise/certificate.h"

#include <doctest/doctest.h>

#include <functional>

#include "base/random.h"
#include "crypto/xeddsa.h"
#include "proto/handshake.pb.h"
#include "unit/whatsapp/noise/test_keys.h"

using namespace whatsapp::noise;
using namespace noise_test;
using base::Bytes;
using base::ErrorCode;
using whatsapp::proto::CertChain;

namespace {

using Certificate = CertChain::NoiseCertificate;
using Details = CertChain::NoiseCertificate::Details;

CertChain parsed(const Bytes& bytes) {
  CertChain chain;
  REQUIRE(chain.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return chain;
}

base::Result<VerifiedServer> verify(const CertChain& chain, std::int64_t now = kNow) {
  return verify_chain(base::to_bytes(chain.SerializeAsString()), server_key().public_key, known_policy(),
                      now);
}

base::ErrorCode code_after(const std::function<void(CertChain&)>& change) {
  CertChain chain = parsed(known_chain());
  change(chain);
  const auto verified = verify(chain);
  REQUIRE_FALSE(verified.has_value());
  CHECK_FALSE(is_clock_fault(verified.error()));
  return verified.error().code;
}

/// Changes signed details and signs them again, so that only the change itself can be the fault.
void resign(Certificate& certificate, const crypto::KeyPair& issuer,
            const std::function<void(Details&)>& change) {
  Details details;
  REQUIRE(details.ParseFromString(certificate.details()));
  change(details);
  certificate.set_details(details.SerializeAsString());
  base::SeededRandom random{1};
  const auto signature =
      crypto::xeddsa_sign(issuer.private_key, base::as_bytes(certificate.details()), random);
  certificate.set_signature(signature.data(), signature.size());
}

}  // namespace

TEST_CASE("the known chain verifies with its own root and not with the service's") {
  const auto verified = verify_chain(known_chain(), server_key().public_key, known_policy(), kNow);
  REQUIRE(verified.has_value());
  CHECK(verified->key == server_key().public_key);
  CHECK(verified->leaf.not_before == 1'700'000'000);
  CHECK(verified->intermediate.not_after == 2'000'000'000);
  CHECK(verified->valid_at(kNow));
  CHECK_FALSE(verified->valid_at(2'000'000'001));

  const auto refused = verify_chain(known_chain(), server_key().public_key, {}, kNow);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kCrypto);
  CHECK(base::to_hex(kServiceRoot) == "142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b");
}

TEST_CASE("a chain with something missing or of the wrong length is malformed") {
  CHECK(code_after([](CertChain& chain) { chain.clear_leaf(); }) == ErrorCode::kMalformed);
  CHECK(code_after([](CertChain& chain) { chain.clear_intermediate(); }) == ErrorCode::kMalformed);
  CHECK(code_after([](CertChain& chain) { chain.mutable_leaf()->clear_details(); }) == ErrorCode::kMalformed);
  CHECK(code_after([](CertChain& chain) { chain.mutable_leaf()->mutable_signature()->pop_back(); }) ==
        ErrorCode::kMalformed);
  CHECK(code_after([](CertChain& chain) {
          chain.mutable_intermediate()->mutable_signature()->push_back('x');
        }) == ErrorCode::kMalformed);
  CHECK(code_after([](CertChain& chain) {
          resign(*chain.mutable_intermediate(), root_key(), [](Details& d) { d.mutable_key()->pop_back(); });
        }) == ErrorCode::kMalformed);
  CHECK_FALSE(verify_chain({}, server_key().public_key, known_policy(), kNow).has_value());
  CHECK_FALSE(verify_chain(hex("ffffff"), server_key().public_key, known_policy(), kNow).has_value());
}

TEST_CASE("wrong signatures, issuers and keys are refused") {
  CHECK(code_after([](CertChain& chain) { chain.mutable_leaf()->mutable_signature()->at(3) ^= 1; }) ==
        ErrorCode::kCrypto);
  CHECK(code_after([](CertChain& chain) {
          chain.mutable_intermediate()->mutable_signature()->at(63) |= 0x20;
        }) == ErrorCode::kCrypto);
  CHECK(code_after([](CertChain& chain) {
          resign(*chain.mutable_intermediate(), intermediate_key(), [](Details&) {});
        }) == ErrorCode::kCrypto);
  CHECK(code_after([](CertChain& chain) {
          resign(*chain.mutable_intermediate(), root_key(), [](Details& d) { d.set_issuer_serial(7); });
        }) == ErrorCode::kCrypto);
  CHECK(code_after([](CertChain& chain) {
          resign(*chain.mutable_intermediate(), root_key(), [](Details& d) { d.set_serial(8); });
        }) == ErrorCode::kCrypto);
  CHECK(code_after([](CertChain& chain) {
          resign(*chain.mutable_leaf(), intermediate_key(), [](Details& d) { d.set_issuer_serial(8); });
        }) == ErrorCode::kCrypto);
  CHECK(code_after([](CertChain& chain) {
          resign(*chain.mutable_leaf(), intermediate_key(), [](Details& d) { d.mutable_key()->at(0) ^= 1; });
        }) == ErrorCode::kCrypto);
}

TEST_CASE("an absent issuer serial of the intermediate counts as the root's serial 0") {
  CertChain chain = parsed(known_chain());
  resign(*chain.mutable_intermediate(), root_key(), [](Details& d) { d.clear_issuer_serial(); });
  CHECK(verify(chain).has_value());
}

TEST_CASE("outside the validity the clock is named, and a day of tolerance is granted") {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  const CertChain chain = parsed(known_chain());
  CHECK(verify(chain, 1'700'000'000 - kDay).has_value());
  CHECK(verify(chain, 2'000'000'000 + kDay).has_value());
  for (const std::int64_t now :
       {std::int64_t{-5}, std::int64_t{0}, 1'700'000'000 - kDay - 1, 2'000'000'000 + kDay + 1}) {
    const auto verified = verify(chain, now);
    REQUIRE_FALSE(verified.has_value());
    CHECK(is_clock_fault(verified.error()));
  }

  CertChain expired_leaf = chain;
  resign(*expired_leaf.mutable_leaf(), intermediate_key(),
         [](Details& d) { d.set_not_after(1'750'000'000); });
  CHECK(is_clock_fault(verify(expired_leaf).error()));
  CertChain early_intermediate = chain;
  resign(*early_intermediate.mutable_intermediate(), root_key(),
         [](Details& d) { d.set_not_before(1'900'000'000); });
  CHECK(is_clock_fault(verify(early_intermediate).error()));
  CertChain endless = chain;
  resign(*endless.mutable_leaf(), intermediate_key(), [](Details& d) { d.set_not_after(UINT64_MAX); });
  CHECK(verify(endless).has_value());
}
