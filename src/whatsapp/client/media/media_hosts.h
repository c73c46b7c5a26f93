// The hosts that keep the files of messages, as the service names them in the answer to `<media_conn/>`, and
// the order in which to try them (spec 06 §1). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "whatsapp/binary/node.h"

namespace whatsapp {

struct MediaHosts {
  std::string auth;                // goes with every upload, as it was given
  std::vector<std::string> hosts;  // primaries first; "name" or "name:port"; never empty
  base::Duration valid_for{0};     // the shorter of the two lives, at most a day
};

binary::Node media_conn_query();

/// kMalformed without auth, without a usable host or without a life. `unix_seconds`: some servers give an
/// absolute time instead of a life.
base::Result<MediaHosts> read_media_conn(const binary::Node& answer, std::int64_t unix_seconds);

/// Whom to ask for a file: the known hosts, then `others`. A download needs no auth.
std::vector<std::string> download_hosts(const std::vector<std::string>& known,
                                        const std::vector<std::string>& others);

}  // namespace whatsapp
