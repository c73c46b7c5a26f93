// JSON as Baileys and its kin write it, within bounds. Objects keep their order, because the order of the
// chains of a session means their age. Byte strings come in many dresses; read_bytes() knows all of them, but
// the caller says where bytes are meant: nothing is guessed from the look of a value. Spec 09 §3.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace importers {

using Json = nlohmann::ordered_json;

inline constexpr std::size_t kMaxJsonDepth = 24;
/// Members of one object, and of all objects together: looking members up takes time in proportion.
inline constexpr std::size_t kMaxMembersOfObject = 20'000;
inline constexpr std::size_t kMaxMembers = 100'000;

/// kMalformed when it is not JSON (cut short, for example), kLimit when it is too deep or has too many
/// members.
base::Result<Json> parse_json(std::string_view text);

/// Null when there is no such member, or `value` is no object.
const Json& member(const Json& value, const char* name);

/// {"type":"Buffer","data":base64 | [n,…] | {"0":n,…}}, {"buffer":true,"data"|"value":…}, {"0":n,…}, [n,…],
/// base64 text (padding may be missing, either alphabet), or null: no bytes. kMalformed for anything else.
base::Result<base::Bytes> read_bytes(const Json& value);

/// The same, of exactly N bytes. kMalformed, naming `what`.
template <std::size_t N>
base::Result<base::FixedBytes<N>> read_fixed(const Json& value, std::string_view what) {
  WA_TRY(const base::Bytes bytes, read_bytes(value));
  if (bytes.size() != N)
    return base::fail(base::ErrorCode::kMalformed, std::string{what} + " has " +
                                                       std::to_string(bytes.size()) + " bytes instead of " +
                                                       std::to_string(N));
  return base::to_fixed<N>(bytes);
}

/// A number, a decimal text, or a Long object {"low":…,"high":…}. kMalformed.
base::Result<std::int64_t> read_integer(const Json& value);
/// The same within bounds.
base::Result<std::int64_t> read_integer(const Json& value, std::int64_t least, std::int64_t most);
/// The text, or nothing when it is no text.
std::string read_text(const Json& value);

/// {"type":"Buffer","data":"<base64>"}, as Baileys writes.
Json buffer_of(base::ByteView bytes);
/// One line; text that is no UTF-8 is mended.
std::string write_json(const Json& value);

}  // namespace importers
