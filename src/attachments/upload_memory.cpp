#include "attachments/upload_memory.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "attachments/media_reference_json.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "runtime/json.h"

namespace worker {

using Json = nlohmann::json;
using runtime::Task;

namespace {

constexpr const char* kKind = "media_upload";
constexpr std::int64_t kLongest = 3 * 24 * 3600;
constexpr std::int64_t kMargin = 3600;  // before the hosts forget it

std::string key_of(const UploadShape& shape, std::string_view name) {
  const std::string audience =
      shape.audience == whatsapp::MediaUploadRequest::Audience::kChannel ? "channel" : "chat";
  const std::string words = std::to_string(static_cast<int>(shape.kind)) + "\n" + audience + "\n" +
                            shape.mimetype + "\n" + std::string{name};
  return base::to_hex(crypto::sha256(base::as_bytes(words)));
}

std::string content_name(const crypto::Sha256Digest& sha256) { return "sha256:" + base::to_hex(sha256); }

base::Bytes encode(const RememberedUpload& upload) {
  const Json json{{"etag", upload.validators.etag},
                  {"last_modified", upload.validators.last_modified},
                  {"file", to_json(upload.file)},
                  {"handle", upload.handle},
                  {"valid_until", upload.valid_until}};
  return base::to_bytes(runtime::to_text(json));
}

std::optional<RememberedUpload> decode(base::ByteView bytes) {
  const auto json = runtime::parse_json(base::as_text(bytes));
  if (!json || !json->is_object() || !json->contains("file")) return std::nullopt;
  auto file = media_reference_of((*json)["file"]);
  if (!file) return std::nullopt;
  RememberedUpload upload;
  upload.file = *std::move(file);
  upload.validators = {json->value("etag", ""), json->value("last_modified", "")};
  upload.handle = json->value("handle", "");
  upload.valid_until = json->value("valid_until", std::int64_t{0});
  return upload;
}

}  // namespace

std::int64_t usable_until(const std::string& direct_path, std::int64_t now) {
  std::int64_t until = now + kLongest;
  for (const char* mark : {"?oe=", "&oe="}) {
    const std::size_t at = direct_path.find(mark);
    if (at == std::string::npos) continue;
    std::int64_t expiry = 0;
    const char* begin = direct_path.data() + at + 4;
    const auto [end, error] = std::from_chars(begin, direct_path.data() + direct_path.size(), expiry, 16);
    if (error == std::errc{} && end != begin) until = std::min(until, expiry - kMargin);
  }
  return until;
}

Task<std::optional<RememberedUpload>> UploadMemory::look_up(std::string key) {
  const auto query = [&key](whatsapp::store::DeviceStore& device) { return device.record(kKind, key); };
  const auto found = co_await store_.read(query);
  if (!found || !*found) co_return std::nullopt;
  auto upload = decode(**found);
  if (upload && upload->valid_until <= clock_.unix_seconds()) upload.reset();
  co_return upload;
}

Task<std::optional<RememberedUpload>> UploadMemory::by_url(UploadShape shape, std::string url) {
  return look_up(key_of(shape, url));
}

Task<std::optional<RememberedUpload>> UploadMemory::by_content(UploadShape shape,
                                                               crypto::Sha256Digest sha256) {
  return look_up(key_of(shape, content_name(sha256)));
}

Task<void> UploadMemory::remember(UploadShape shape, std::string url, crypto::Sha256Digest sha256,
                                  RememberedUpload upload) {
  whatsapp::store::Changes changes;
  const base::Bytes bytes = encode(upload);
  for (const std::string& name : {url, content_name(sha256)})
    changes.records.push_back({kKind, key_of(shape, name), bytes, upload.valid_until});
  (void)co_await store_.commit(std::move(changes));
}

}  // namespace worker
