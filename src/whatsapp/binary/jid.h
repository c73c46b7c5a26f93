// A JID: the address of an account, a device, a group, a channel, or of the service itself.
//
//   5511999999999@s.whatsapp.net      an account by phone number ("PN"), device 0 = its phone
//   5511999999999:3@s.whatsapp.net    its companion device 3
//   123456789012345:3@lid             the same account by its hidden identity ("LID")
//   120363012345678901@g.us           a group            status@broadcast   the status feed
//   s.whatsapp.net, g.us              the service, the group service: no user
//
// Text without a user is also read as "@g.us". Servers that this code does not know are kept as text.
// Parsing keeps what it reads; normalising is a separate step (spec 02 §6, §7).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace whatsapp::binary {

enum class Server : std::uint8_t {
  kUser,        // s.whatsapp.net
  kLid,         // lid
  kLegacyUser,  // c.us, an old name of s.whatsapp.net
  kGroup,       // g.us
  kBroadcast,   // broadcast
  kNewsletter,  // newsletter
  kBot,         // bot
  kHosted,      // hosted: a PN device run by Meta
  kHostedLid,   // hosted.lid
  kMessenger,   // msgr
  kInterop,     // interop: a third-party network
  kCall,        // call
  kOther,       // anything else; Jid::server_text() has it
};

/// Whether a device is run by Meta on behalf of a business.
enum class Hosting { kOwn, kHosted };

/// The device id that hosted devices have.
inline constexpr std::uint16_t kHostedDevice = 99;

/// An immutable value. Empty when default-constructed: no address at all, and not to be encoded.
class Jid {
 public:
  Jid() = default;
  Jid(std::string_view user, Server server, std::uint16_t device = 0);

  /// A user of a server that is not in the enumeration, or is: the text decides.
  static Jid on_server(std::string_view user, std::string_view server);
  static Jid interop(std::string_view user, std::uint16_t integrator, std::uint16_t device);
  /// The server itself: Jid::service(Server::kGroup) is "g.us".
  static Jid service(Server server = Server::kUser) { return Jid{{}, server}; }
  static Jid status() { return Jid{"status", Server::kBroadcast}; }

  /// kMalformed for: no or several '@' (unless the whole text is a known server), an empty server, an
  /// empty user on an unknown server, control characters, ":device" that is not 0…65535 or on a server
  /// whose addresses have no devices.
  static base::Result<Jid> parse(std::string_view text);
  /// Keeps the digits of a phone number however it is written. kInvalidArgument if there are none.
  static base::Result<Jid> from_phone(std::string_view phone);
  /// What an API user types: a JID, a legacy group id (with '-'), or a phone number.
  static base::Result<Jid> from_recipient(std::string_view text);

  [[nodiscard]] bool empty() const { return server_ == Server::kOther && text_.empty(); }
  [[nodiscard]] std::string_view user() const { return std::string_view{text_}.substr(0, user_size_); }
  [[nodiscard]] Server server() const { return server_; }
  [[nodiscard]] std::string_view server_text() const;
  [[nodiscard]] std::uint16_t device() const { return device_; }
  /// Of the third-party network; 0 everywhere else.
  [[nodiscard]] std::uint16_t integrator() const { return integrator_; }
  [[nodiscard]] std::string to_string() const;

  /// c.us becomes s.whatsapp.net, the server is lower-cased, white space around the user goes.
  [[nodiscard]] Jid normalized() const;
  /// The account on the same server: without device.
  [[nodiscard]] Jid bare() const { return with_device(0); }
  /// The account that a device belongs to: bare, and hosted servers become the server they stand for.
  [[nodiscard]] Jid account() const;
  [[nodiscard]] Jid with_device(std::uint16_t device, Hosting hosting = Hosting::kOwn) const;

  [[nodiscard]] bool is_service() const { return user_size_ == 0 && !empty(); }
  /// s.whatsapp.net, hosted, c.us.
  [[nodiscard]] bool is_pn() const;
  /// lid, hosted.lid.
  [[nodiscard]] bool is_lid() const;
  [[nodiscard]] bool is_group() const { return server_ == Server::kGroup; }
  [[nodiscard]] bool is_status() const { return server_ == Server::kBroadcast && user() == "status"; }
  [[nodiscard]] bool is_broadcast_list() const { return server_ == Server::kBroadcast && !is_status(); }
  [[nodiscard]] bool is_newsletter() const { return server_ == Server::kNewsletter; }
  [[nodiscard]] bool is_hosted_device() const;
  [[nodiscard]] bool is_bot() const;
  /// Equal but for device, hosting and the old server name.
  [[nodiscard]] bool same_account(const Jid& other) const;

  /// The user as the number that a login carries; kMalformed if it is not one.
  [[nodiscard]] base::Result<std::uint64_t> numeric_user() const;

  friend bool operator==(const Jid&, const Jid&) = default;
  friend std::strong_ordering operator<=>(const Jid&, const Jid&) = default;

 private:
  friend struct std::hash<Jid>;

  std::string text_;  // the user; for kOther followed by the server, so that one string does for both
  std::uint32_t user_size_ = 0;
  std::uint16_t device_ = 0;
  std::uint16_t integrator_ = 0;
  Server server_ = Server::kOther;
};

/// "lid" → kLid; exact, lower case; kOther if unknown.
Server server_from_text(std::string_view text);
/// Empty for kOther.
std::string_view to_text(Server server);
/// Servers whose addresses may carry a device.
bool has_devices(Server server);

}  // namespace whatsapp::binary

template <>
struct std::hash<whatsapp::binary::Jid> {
  std::size_t operator()(const whatsapp::binary::Jid& jid) const noexcept {
    const std::size_t rest = (std::size_t{jid.device_} << 24) ^ (std::size_t{jid.integrator_} << 8) ^
                             static_cast<std::size_t>(jid.server_);
    return std::hash<std::string>{}(jid.text_) ^ (rest * 0x9e3779b97f4a7c15ULL);
  }
};
