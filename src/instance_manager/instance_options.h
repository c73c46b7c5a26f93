// What the edge may set per instance in the `settings` object of /eligible-instances. Everything is optional;
// what is absent, of the wrong type or unknown counts as not set.
//
//   {"logout": true, "pairing_round": 2, "presence": "available", "reject_calls": true,
//    "humanize": {"typing": true, "read": true}}
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace worker {

struct InstanceOptions {
  bool logout = false;             // unlink the device, and link no other while this is set
  std::int64_t pairing_round = 0;  // a change lets an instance that gave up pairing try again
  enum class Presence { kUnavailable, kAvailable };
  std::optional<Presence> presence;  // absent: the worker's own setting
  bool reject_calls = false;
  struct Humanize {
    bool typing = false;  // "typing…" before a text, for as long as it would take
    bool read = false;    // the chat is marked read before a reply
    bool operator==(const Humanize&) const = default;
  } humanize;

  bool operator==(const InstanceOptions&) const = default;
};

InstanceOptions read_instance_options(std::string_view settings_json);

}  // namespace worker
