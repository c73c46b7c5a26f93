// Who may ask. Workers show one shared secret; people show an API key, of which only a hash is stored.
// Comparisons take the same time wherever the first difference is.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "runtime/http.h"

namespace edge_server {

/// "wak_" and 192 random bits as base64url.
std::string make_api_key(base::Random& random);
/// BLAKE2b-256 in hex. The keys are random, so a slow password hash would add nothing.
std::string hash_of_key(std::string_view key);
/// Equal secrets, compared by their hashes: constant time, and the lengths stay hidden too.
bool same_secret(std::string_view given, std::string_view expected);
/// The token of "Authorization: Bearer …", or of X-API-Key, or empty.
std::string_view bearer_token(const runtime::HttpHeaders& headers);

}  // namespace edge_server
