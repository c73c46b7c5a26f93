// Where files go and where they come from: the parts of a URL after the host, and what in a stranger's
// message may become part of a URL at all (spec 06 §3.1, §4.1). Hosts come from the service; see the client.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/hash.h"
#include "whatsapp/media/media_kind.h"

namespace whatsapp::media {

/// An upload is named by its hash: base64 of the URL alphabet, not padded, 43 characters.
std::string upload_token(const crypto::Sha256Digest& file_enc_sha256);

/// "/mms/image/<token>?auth=<auth>&token=<token>". `auth` is taken as the service gave it.
std::string upload_target(MediaKind kind, const crypto::Sha256Digest& file_enc_sha256, std::string_view auth);

/// "<direct path>&hash=<hash>&mms-type=<type>&__wa-mms=", with '?' if the path has no query yet. Without a
/// hash for files of channels. kMalformed for a path that check_direct_path() refuses.
base::Result<std::string> download_target(std::string_view direct_path,
                                          const std::optional<crypto::Sha256Digest>& file_enc_sha256,
                                          MediaKind kind);

/// A direct path comes from whoever wrote the message. Put behind a host it must not reach another one, nor
/// end the request line: it starts with one '/', has at most 4096 bytes, and no control characters, spaces,
/// '\' or '#'.
base::Result<void> check_direct_path(std::string_view direct_path);

/// Whether a full URL in a message, or a redirect, may be followed: https, and the host is whatsapp.net,
/// fbcdn.net or below, without port or user. web.whatsapp.net is none: senders put it as a placeholder.
bool is_media_url(std::string_view url);

}  // namespace whatsapp::media
