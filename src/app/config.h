// Everything an operator can set, read from the environment once at start. Each setting is one row of a
// table (config.cpp): name, meaning, default, what is allowed. Mistakes are collected, not thrown: the
// operator sees all of them at once, one line each, and the process exits with 78 (EX_CONFIG).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/curve25519.h"

namespace worker {

/// Whether the edge of our own runs inside this process.
enum class Mode { kEdgeProxy, kStandalone };

enum class StoreDurability { kFull, kNormal };

enum class Switch { kOff, kOn };
enum class PresenceWish { kUnavailable, kAvailable };

struct Config {
  // The edge proxy.
  std::string edge_base_url;
  std::string worker_secret;
  std::string edge_apikey;
  std::string worker_id;              // default: host name and eight random hex digits
  std::string instance_owner_prefix;  // default: HOSTNAME, else "worker"

  // Serving and polling.
  std::uint16_t port = 3000;
  base::Duration discovery_poll{10'000};
  base::Duration queue_poll{2'000};
  std::uint32_t max_active_instances = 0;  // fallback when the edge names none; 0: no limit

  // Locks.
  base::Duration lock_ttl{30'000};
  base::Duration lock_renew{15'000};

  // Storage.
  std::string auth_base = "/data/auth";
  std::string media_base = "/data/media";
  std::string edge_data = "/data/edge";  // of the edge of our own, --standalone only
  std::string edge_api_key;              // for its REST API and page; empty: made at its first start
  StoreDurability store_durability = StoreDurability::kFull;

  // The last resort against broken sessions.
  base::Duration bad_mac_window{60'000};
  std::uint32_t bad_mac_threshold = 20;
  base::Duration bad_mac_cooldown{300'000};
  std::uint32_t stream_515_wipe_threshold = 3;

  // WhatsApp.
  std::string wa_socket_url = "wss://web.whatsapp.com/ws/chat";
  crypto::PublicKey wa_noise_root{};
  std::string wa_ca_file;
  std::string wa_version;  // empty: the built-in one, refreshed
  std::string wa_device_name = "Windows";

  // Files of messages.
  Switch media_allow_private = Switch::kOff;  // a media_url may lead to private addresses
  std::uint32_t media_retention_hours = 720;  // 0: files stay
  std::uint32_t media_disk_percent = 90;      // above it the oldest files go first

  // Manners of every account, unless the edge says otherwise for one.
  PresenceWish presence = PresenceWish::kUnavailable;
  Switch forward_history = Switch::kOff;

  // The process.
  std::uint32_t shards = 0;  // 0: one per core
  base::LogLevel log_level = base::LogLevel::kInfo;
  base::LogFormat log_format = base::LogFormat::kText;
};

using Environment = std::map<std::string, std::string>;

struct ConfigOutcome {
  Config config;
  std::vector<std::string> mistakes;  // one sentence each; empty: the config is usable
  std::vector<std::string> warnings;  // e.g. a WA_ variable nobody reads
};

/// Reads and checks. An empty variable counts as absent.
ConfigOutcome read_config(const Environment& environment, Mode mode);

/// The process's own environment.
Environment process_environment();

/// One line per setting: name, default, what is allowed, meaning. For --help.
std::string describe_settings();
/// One line per setting with the value in force; secrets as "(set)". For --check-config.
std::string describe_values(const Config& config);

}  // namespace worker
