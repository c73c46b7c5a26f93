#include "whatsapp/noise/certificate.h"

#include <algorithm>
#include <limits>

#include "crypto/hmac.h"
#include "crypto/xeddsa.h"
#include "proto/handshake.pb.h"

namespace whatsapp::noise {
namespace {

using base::ErrorCode;
using base::Result;
using proto::CertChain;
using Certificate = CertChain::NoiseCertificate;
using Details = CertChain::NoiseCertificate::Details;

constexpr std::size_t kSignatureSize = 64;
constexpr int kClockFault = 1;  // Error::detail of a chain that is not valid now

auto malformed(std::string why) {
  return base::fail(ErrorCode::kMalformed, "server certificate: " + std::move(why));
}
auto wrong(std::string why) {
  return base::fail(ErrorCode::kCrypto, "server certificate: " + std::move(why));
}

Result<void> check_shape(const Certificate& certificate, std::string_view name) {
  if (!certificate.has_details() || certificate.signature().size() != kSignatureSize)
    return malformed(std::string{name} + " without details or a 64-byte signature");
  return {};
}

/// Checks the signature over the details as they came, then reads them.
Result<Details> verified_details(const Certificate& certificate, const crypto::PublicKey& issuer,
                                 std::string_view name) {
  const bool valid = crypto::xeddsa_verify(issuer, base::as_bytes(certificate.details()),
                                           base::as_bytes(certificate.signature()));
  if (!valid) return wrong(std::string{name} + " has a wrong signature");
  Details details;
  if (!details.ParseFromString(certificate.details()))
    return malformed(std::string{name} + " has unreadable details");
  if (details.key().size() != std::tuple_size_v<crypto::PublicKey>)
    return malformed(std::string{name} + " has a key of the wrong length");
  return details;
}

crypto::PublicKey key_of(const Details& details) { return base::to_fixed<32>(base::as_bytes(details.key())); }

ValidityWindow window_of(const Details& details) { return {details.not_before(), details.not_after()}; }

Details make_details(std::uint32_t serial, std::uint32_t issuer_serial, const crypto::PublicKey& key,
                     const ValidityWindow& validity) {
  Details details;
  details.set_serial(serial);
  details.set_issuer_serial(issuer_serial);
  details.set_key(key.data(), key.size());
  details.set_not_before(validity.not_before);
  details.set_not_after(validity.not_after);
  return details;
}

void sign_into(Certificate& certificate, const Details& details, const crypto::KeyPair& issuer,
               base::Random& random) {
  const std::string bytes = details.SerializeAsString();
  const crypto::Signature signature = crypto::xeddsa_sign(issuer.private_key, base::as_bytes(bytes), random);
  certificate.set_details(bytes);
  certificate.set_signature(signature.data(), signature.size());
}

}  // namespace

bool ValidityWindow::contains(std::int64_t now, std::chrono::seconds tolerance) const {
  const auto moment = static_cast<std::uint64_t>(std::max<std::int64_t>(now, 0));
  const auto slack = static_cast<std::uint64_t>(std::max<std::int64_t>(tolerance.count(), 0));
  const std::uint64_t latest = not_after > std::numeric_limits<std::uint64_t>::max() - slack
                                   ? std::numeric_limits<std::uint64_t>::max()
                                   : not_after + slack;
  return moment + slack >= not_before && moment <= latest;
}

Result<VerifiedServer> verify_chain(base::ByteView bytes, const crypto::PublicKey& server_key,
                                    const CertificatePolicy& policy, std::int64_t now) {
  CertChain chain;
  if (!chain.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return malformed("unreadable chain");
  WA_TRY_VOID(check_shape(chain.intermediate(), "the intermediate"));
  WA_TRY_VOID(check_shape(chain.leaf(), "the leaf"));

  WA_TRY(const Details intermediate,
         verified_details(chain.intermediate(), policy.root_key, "the intermediate"));
  if (intermediate.issuer_serial() != policy.root_serial) return wrong("the intermediate has another issuer");
  WA_TRY(const Details leaf, verified_details(chain.leaf(), key_of(intermediate), "the leaf"));
  if (leaf.issuer_serial() != intermediate.serial()) return wrong("the leaf has another issuer");
  if (!crypto::equal_constant_time(key_of(leaf), server_key)) return wrong("it is for another key");

  VerifiedServer server{server_key, window_of(leaf), window_of(intermediate)};
  const bool valid_now = server.leaf.contains(now, policy.clock_tolerance) &&
                         server.intermediate.contains(now, policy.clock_tolerance);
  if (!valid_now)
    return base::fail(ErrorCode::kCrypto,
                      "server certificate: not valid at our time; is the local clock right?", kClockFault);
  return server;
}

bool is_clock_fault(const base::Error& error) {
  return error.code == ErrorCode::kCrypto && error.detail == kClockFault;
}

base::Bytes issue_chain(const CertificateIssue& issue, base::Random& random) {
  CertChain chain;
  sign_into(*chain.mutable_leaf(),
            make_details(issue.leaf_serial, issue.intermediate_serial, issue.server_key, issue.validity),
            issue.intermediate, random);
  sign_into(*chain.mutable_intermediate(),
            make_details(issue.intermediate_serial, issue.root_serial, issue.intermediate.public_key,
                         issue.validity),
            issue.root, random);
  return base::to_bytes(chain.SerializeAsString());
}

}  // namespace whatsapp::noise
