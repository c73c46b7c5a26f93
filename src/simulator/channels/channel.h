// A channel (newsletter): public posts of one owner to many followers, numbered by the server.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulator/account.h"

namespace simulator {

struct ChannelPost {
  std::uint64_t server_id = 0;
  std::string id;
  std::string type;
  base::Bytes plaintext;  // a serialised Message; empty: deleted
  std::int64_t at = 0;
  std::map<const Account*, std::string> reactions;
  std::uint64_t views = 0;
};

struct Channel {
  Jid jid;
  std::string name;
  std::string description;
  std::string invite;
  Account* owner = nullptr;
  std::int64_t created_at = 0;
  std::set<Account*> followers;
  std::set<const Account*> muted_by;
  std::vector<ChannelPost> posts;  // server_id is the position, from 1

  /// Null if there is no such post.
  [[nodiscard]] ChannelPost* post(std::uint64_t server_id) {
    return server_id == 0 || server_id > posts.size() ? nullptr : &posts[server_id - 1];
  }
};

}  // namespace simulator
