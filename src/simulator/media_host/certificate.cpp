#include "simulator/media_host/certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr char kNames[] =
    "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:mmg.whatsapp.net,DNS:mmg-fallback.whatsapp.net,"
    "DNS:*.whatsapp.net,DNS:*.cdn.whatsapp.net";
constexpr long kDay = 24L * 60 * 60;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;

struct Authority {
  Key key;
  Certificate certificate;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
  const Bio bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const Bio bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

bool extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension{
      X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Unsigned, valid from yesterday for ten years.
Certificate draft(EVP_PKEY* key, const char* common_name, long serial) {
  Certificate certificate{X509_new()};
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3650 * kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  return certificate;
}

Result<Authority> make_authority() {
  Authority made{Key{EVP_EC_gen("P-256")}, nullptr};
  made.certificate = draft(made.key.get(), "wa-sim test authority", 1);
  X509* certificate = made.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  const bool whole = extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
                     extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                     extend(certificate, certificate, NID_subject_key_identifier, "hash") &&
                     X509_sign(certificate, made.key.get(), EVP_sha256()) > 0;
  if (!whole) return fail(ErrorCode::kCrypto, "the test authority cannot be made");
  return made;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<Authority> load_authority(const std::filesystem::path& folder) {
  const std::string certificate = read_file(folder / "ca.pem");
  const std::string key = read_file(folder / "ca.key");
  const Bio certificate_bio{BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size()))};
  const Bio key_bio{BIO_new_mem_buf(key.data(), static_cast<int>(key.size()))};
  Authority loaded{Key{PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr)},
                   Certificate{PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr)}};
  if (loaded.key == nullptr || loaded.certificate == nullptr)
    return fail(ErrorCode::kIo, "no authority in " + folder.string());
  return loaded;
}

Result<Authority> authority_in(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "ca.key")) return load_authority(folder);
  WA_TRY(Authority made, make_authority());
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  std::ofstream key_file(folder / "ca.key", std::ios::binary);
  key_file << to_pem(made.key.get());
  std::ofstream certificate_file(folder / "ca.pem", std::ios::binary);
  certificate_file << to_pem(made.certificate.get());
  if (!key_file.flush() || !certificate_file.flush())
    return fail(ErrorCode::kIo, "cannot write the authority to " + folder.string());
  return made;
}

}  // namespace

Result<HostCertificate> issue_host_certificate(const std::string& authority_folder) {
  WA_TRY(Authority authority, authority_folder.empty() ? make_authority() : authority_in(authority_folder));
  const Key key{EVP_EC_gen("P-256")};
  const Certificate certificate = draft(key.get(), "wa-sim media host", 2);
  X509* issuer = authority.certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  const bool whole = extend(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                     extend(certificate.get(), issuer, NID_ext_key_usage, "serverAuth") &&
                     extend(certificate.get(), issuer, NID_subject_alt_name, kNames) &&
                     X509_sign(certificate.get(), authority.key.get(), EVP_sha256()) > 0;
  if (!whole) return fail(ErrorCode::kCrypto, "the certificate of the media hosts cannot be made");
  return HostCertificate{to_pem(issuer), to_pem(certificate.get()), to_pem(key.get())};
}

}  // namespace simulator
