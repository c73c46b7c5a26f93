// media.json: files of every kind with their keys, hashes and sidecars, requests for uploading again, and
// damaged files. Where upload paths differ between clients, ours is the more common one.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vector_check/json_fields.h"
#include "vector_check/replay_random.h"
#include "vector_check/runners.h"
#include "whatsapp/media/media_decryptor.h"
#include "whatsapp/media/media_encryptor.h"
#include "whatsapp/media/media_kind.h"
#include "whatsapp/media/media_retry.h"
#include "whatsapp/media/media_url.h"

namespace vector_check {
namespace {

using base::Bytes;
using base::ByteView;
using nlohmann::json;
using namespace whatsapp::media;

const std::map<std::string, MediaKind> kKinds{
    {"image", MediaKind::kImage},
    {"sticker", MediaKind::kSticker},
    {"video", MediaKind::kVideo},
    {"gif", MediaKind::kGif},
    {"ptv", MediaKind::kPtv},
    {"audio", MediaKind::kAudio},
    {"ptt", MediaKind::kPtt},
    {"document", MediaKind::kDocument},
    {"md-msg-hist", MediaKind::kHistory},
    {"md-app-state", MediaKind::kAppState},
    {"thumbnail-link", MediaKind::kLinkThumbnail},
    {"thumbnail-image", MediaKind::kImageThumbnail},
    {"thumbnail-video", MediaKind::kVideoThumbnail},
    {"thumbnail-document", MediaKind::kDocumentThumbnail},
    {"sticker-pack", MediaKind::kStickerPack},
    {"thumbnail-sticker-pack", MediaKind::kStickerPackThumbnail},
    {"sticker-pack-thumbnail", MediaKind::kStickerPackThumbnail},
    {"group-history", MediaKind::kGroupHistory},
};

std::optional<MediaKind> kind_of(const json& entry) {
  const auto found = kKinds.find(text(entry, "media_type"));
  if (found == kKinds.end()) return std::nullopt;
  return found->second;
}

MediaKeys keys_of(const json& entry) {
  const MediaKey key{fixed_hex<32>(entry, "media_key")};
  if (const auto kind = kind_of(entry)) return MediaKeys{key, *kind};
  return MediaKeys{key, text(entry, "hkdf_info")};
}

/// Kinds whose place on the hosts is a matter of opinion, or of which nobody uploads any.
bool has_common_upload_path(MediaKind kind) {
  return kind != MediaKind::kLinkThumbnail && kind != MediaKind::kHistory && kind != MediaKind::kAppState;
}

void check_names(const json& entry, Case& check) {
  const auto kind = kind_of(entry);
  if (!kind) return;
  if (present(entry, "hkdf_info"))
    check.expect_equal(key_label(*kind), text(entry, "hkdf_info"), "key label");
  if (present(entry, "upload_path") && has_common_upload_path(*kind)) {
    const std::string path = std::string{"/mms/"}.append(mms_type(*kind));
    check.expect_equal(path, text(entry, "upload_path"), "upload path");
  }
}

void check_keys(const json& entry, const MediaKeys& keys, Case& check) {
  if (present(entry, "iv")) check.expect_equal(keys.iv(), hex_bytes(entry, "iv"), "iv");
  if (present(entry, "cipher_key"))
    check.expect_equal(keys.cipher_key(), hex_bytes(entry, "cipher_key"), "cipher key");
  if (present(entry, "mac_key")) check.expect_equal(keys.mac_key(), hex_bytes(entry, "mac_key"), "MAC key");
  if (present(entry, "ref_key"))
    check.expect_equal(keys.reference_key(), hex_bytes(entry, "ref_key"), "reference key");
}

Bytes plaintext_of(const json& entry) {
  if (present(entry, "plaintext")) return hex_bytes(entry, "plaintext");
  const json& pattern = entry.at("plaintext_pattern");
  const auto factor = pattern.at("mul").get<std::uint64_t>();
  const auto offset = pattern.at("add").get<std::uint64_t>();
  Bytes bytes(entry.at("plaintext_length").get<std::size_t>());
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i * factor + (i >> 8) + offset);
  return bytes;
}

EncryptOptions options_of(const json& entry) {
  EncryptOptions options{.sidecar = Sidecar::kStreaming};
  if (present(entry, "first_frame_length"))
    options.first_frame_length = entry.at("first_frame_length").get<std::uint64_t>();
  return options;
}

void check_facts(const json& entry, const EncryptedMedia& facts, Case& check) {
  check.expect(facts.file_length == entry.at("plaintext_length").get<std::uint64_t>(), "plaintext length");
  if (present(entry, "file_enc_length"))
    check.expect(facts.encrypted_length == entry.at("file_enc_length").get<std::uint64_t>(), "length");
  check.expect_equal(facts.mac, hex_bytes(entry, "mac"), "MAC");
  check.expect_equal(facts.file_sha256, hex_bytes(entry, "file_sha256"), "hash");
  check.expect_equal(facts.file_enc_sha256, hex_bytes(entry, "file_enc_sha256"), "hash when encrypted");
  if (present(entry, "streaming_sidecar"))
    check.expect_equal(facts.streaming_sidecar, hex_bytes(entry, "streaming_sidecar"), "sidecar");
  if (present(entry, "first_frame_sidecar")) {
    check.expect(facts.first_frame_sidecar.has_value(), "no sidecar of the first frame");
    if (facts.first_frame_sidecar)
      check.expect_equal(*facts.first_frame_sidecar, hex_bytes(entry, "first_frame_sidecar"),
                         "sidecar of the first frame");
  }
  if (present(entry, "upload_url_token"))
    check.expect_equal(upload_token(facts.file_enc_sha256), text(entry, "upload_url_token"), "upload token");
}

/// In pieces of that size, which must make no difference.
SealedFile encrypt_in_pieces(const MediaKeys& keys, ByteView plaintext, const EncryptOptions& options,
                             std::size_t size) {
  SealedFile sealed;
  MediaEncryptor encryptor{keys, options};
  for (; !plaintext.empty(); plaintext = plaintext.subspan(std::min(size, plaintext.size())))
    encryptor.update(plaintext.first(std::min(size, plaintext.size())), sealed.file);
  sealed.facts = encryptor.finish(sealed.file);
  return sealed;
}

base::Result<Bytes> decrypt_in_pieces(const MediaKeys& keys, ByteView encrypted, const ExpectedFile& expected,
                                      std::size_t size) {
  Bytes plaintext;
  MediaDecryptor decryptor{keys, expected};
  for (; !encrypted.empty(); encrypted = encrypted.subspan(std::min(size, encrypted.size())))
    decryptor.update(encrypted.first(std::min(size, encrypted.size())), plaintext);
  WA_TRY(const DecryptedMedia media, decryptor.finish(plaintext));
  if (media.plaintext_hash != PlaintextHash::kMatches)
    return base::fail(base::ErrorCode::kCorrupt, "another plaintext hash");
  return plaintext;
}

void check_file(const json& entry, Case& check) {
  const MediaKeys keys = keys_of(entry);
  check_names(entry, check);
  check_keys(entry, keys, check);
  const Bytes plaintext = plaintext_of(entry);
  const SealedFile sealed = encrypt_media(keys, plaintext, options_of(entry));
  check_facts(entry, sealed.facts, check);
  if (present(entry, "encrypted"))
    check.expect(sealed.file == hex_bytes(entry, "encrypted"), "the encrypted file is another one");

  const ExpectedFile expected{fixed_hex<32>(entry, "file_enc_sha256"), fixed_hex<32>(entry, "file_sha256")};
  for (const std::size_t size : {std::size_t{13}, std::size_t{4096}, plaintext.size() + 100}) {
    const SealedFile again = encrypt_in_pieces(keys, plaintext, options_of(entry), size);
    check.expect(again.file == sealed.file, "in pieces it is encrypted otherwise");
    check_facts(entry, again.facts, check);
    const auto opened = decrypt_in_pieces(keys, sealed.file, expected, size);
    check.expect_success(opened, "decrypts");
    check.expect(opened && *opened == plaintext, "plaintext");
  }
}

void check_reject(const json& original, const json& entry, Case& check) {
  const MediaKeys keys = keys_of(original);
  const Bytes encrypted = hex_bytes(entry, "encrypted");
  const ExpectedFile hashes{fixed_hex<32>(original, "file_enc_sha256"), std::nullopt};
  check.expect(!decrypt_media(keys, encrypted, hashes), "was accepted");
  check.expect(!decrypt_media(keys, encrypted, {}), "was accepted without a hash");
  check.expect(!decrypt_in_pieces(keys, encrypted, hashes, 7), "was accepted in pieces");
}

base::Result<void> open_sealed(const json& entry, const json& sealed, std::string* direct_path, int* result) {
  const MediaKey key{fixed_hex<32>(entry, "media_key")};
  const std::string id = text(entry, "message_id");
  const Bytes iv = hex_bytes(sealed, "iv");
  if (direct_path == nullptr) return open_retry_request(key, id, iv, hex_bytes(sealed, "ciphertext"));
  WA_TRY(const RetryAnswer answer, open_retry_answer(key, id, iv, hex_bytes(sealed, "ciphertext")));
  *direct_path = answer.direct_path;
  *result = static_cast<int>(answer.result);
  return {};
}

void check_retry_answer(const json& entry, const json& sealed, Case& check) {
  std::string direct_path;
  int result = 0;
  check.expect_success(open_sealed(entry, sealed, &direct_path, &result), "answer opens");
  const json& decoded = sealed.at("json");
  check.expect_equal(direct_path, decoded.value("directPath", ""), "direct path");
  if (decoded.value("result", json{}).is_number() || !decoded.contains("result"))
    check.expect(result == decoded.value("result", 0), "result");

  ReplayRandom random;
  random.give(hex_bytes(sealed, "iv"));
  const RetryAnswer answer{.result = static_cast<RetryResult>(result), .direct_path = direct_path};
  const auto again = seal_retry_answer(MediaKey{fixed_hex<32>(entry, "media_key")}, text(entry, "message_id"),
                                       answer, random);
  if (decoded.contains("result") && !decoded.contains("messageSecret"))
    check.expect_equal(again.ciphertext, hex_bytes(sealed, "ciphertext"), "answer sealed by us");
}

void check_retry(const json& entry, Case& check) {
  const MediaKey key{fixed_hex<32>(entry, "media_key")};
  const std::string id = text(entry, "message_id");
  if (present(entry, "retry_key"))
    check.expect_equal(retry_key(key).view(), hex_bytes(entry, "retry_key"), "key");
  if (present(entry, "request")) {
    const json& request = entry.at("request");
    check.expect_success(open_sealed(entry, request, nullptr, nullptr), "request opens");
    ReplayRandom random;
    random.give(hex_bytes(request, "iv"));
    const auto sealed = seal_retry_request(key, id, random);
    check.expect_equal(sealed.iv, hex_bytes(request, "iv"), "IV of the request");
    check.expect_equal(sealed.ciphertext, hex_bytes(request, "ciphertext"), "request");
    const auto foreign = open_retry_request(key, id + "x", sealed.iv, sealed.ciphertext);
    check.expect(!foreign, "a request for another message was accepted");
  }
  if (present(entry, "response")) check_retry_answer(entry, entry.at("response"), check);
}

/// One group of damaged files, or several.
void check_rejects(const json& file, Report& report) {
  if (!present(file, "rejects")) return;
  const json groups = file.at("rejects").is_array() ? file.at("rejects") : json::array({file.at("rejects")});
  for (const json& group : groups)
    for_each_case(group, "items", [&](const std::string& name, const json& entry) {
      report.run("rejects." + name, [&](Case& check) {
        const json& uses = entry.contains("uses_case") ? entry : group;
        check_reject(file.at("cases").at(uses.at("uses_case").get<std::size_t>()), entry, check);
      });
    });
}

}  // namespace

Outcome run_media(const json& file) {
  Report report;
  for (const char* list : {"cases", "large"})
    for_each_case(file, list, [&](const std::string& name, const json& entry) {
      report.run(name, [&](Case& check) { check_file(entry, check); });
    });
  for_each_case(file, "media_retry", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_retry(entry, check); });
  });
  check_rejects(file, report);
  return report.take();
}

}  // namespace vector_check
