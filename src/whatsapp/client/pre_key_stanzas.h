// The `encrypt` iqs about our own keys: how many the server has, the upload, and the digest by which both
// sides compare (spec 04 §10.1-§10.3). Ids are 3 bytes, the registration id 4, all big-endian.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

binary::Node pre_key_count_request();
/// A missing or unreadable count is 0.
std::size_t pre_key_count(const binary::Node& answer);

binary::Node pre_key_upload(const store::DeviceCredentials& credentials,
                            std::span<const store::PreKeyRow> keys);

/// Replaces the signed pre-key that the server hands out.
binary::Node signed_key_rotation(const signal::SignedPreKey& key);

/// What the server says it holds.
struct KeyDigest {
  std::vector<std::uint32_t> pre_key_ids;  // in the order that the hash covers
  base::FixedBytes<20> hash{};
};

binary::Node key_digest_request();
/// kMalformed; kLimit for more ids than anybody uploads.
base::Result<KeyDigest> parse_key_digest(const binary::Node& answer);

}  // namespace whatsapp
