// Privacy tokens: what a person's account gave ours as a sign that it knows us ("trusted contact"). A message
// that carries a valid one is no first message to a stranger. Tokens live for four weeks' buckets; ours for
// them is issued again with the first message of each new bucket. Pure: times are passed in, Unix seconds.
// Spec 05 §2.10; 08 §7.
//
// Records of kind "tctoken", key: user of the LID (of the number while no LID is known):
//   8 bytes when the token was made, 0: none ‖ 8 bytes when we last issued ours, 0: never ‖ the token
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/events.h"

namespace whatsapp {

inline constexpr const char* kPrivacyTokenKind = "tctoken";
/// The account's salt for the fallback token, as history or app state brought it: a value of the store.
inline constexpr const char* kNctSaltValue = "nct_salt";
inline constexpr std::size_t kMaxPrivacyToken = 1024;  // bytes

struct PrivacyToken {
  base::Bytes token{};
  UnixSeconds made_at = 0;
  UnixSeconds issued_at = 0;  // ours to them

  /// Takes over a token unless the one here is newer. True if anything changed.
  bool update(base::ByteView other, UnixSeconds other_made_at);
  [[nodiscard]] bool usable(UnixSeconds now) const;
  /// Whether a new bucket began since we last issued ours.
  [[nodiscard]] bool issue_due(UnixSeconds now) const;
  /// When nothing in here is of use any more.
  [[nodiscard]] UnixSeconds useless_from() const;
};

base::Bytes to_bytes(const PrivacyToken& token);
/// Damaged bytes are an empty record.
PrivacyToken privacy_token_from_bytes(base::ByteView bytes);

/// The token beside `<tokens>` in a notification or an answer; the newest of several, if it is sound.
struct ReceivedToken {
  base::Bytes token;
  UnixSeconds made_at = 0;
};
std::optional<ReceivedToken> read_privacy_token(const binary::Node& stanza);

/// <iq xmlns="privacy" type="set"><tokens><token jid t type="trusted_contact"/></tokens></iq>
binary::Node issue_token_query(const binary::Jid& to, UnixSeconds now);

/// The fallback for whoever has given us none: HMAC-SHA256(salt, "user@lid").
base::FixedBytes<32> fallback_token(base::ByteView salt, const binary::Jid& lid);

}  // namespace whatsapp
