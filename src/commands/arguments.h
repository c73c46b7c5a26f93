// Reads the arguments of a command one by one and remembers the first thing that is wrong with them:
//
//   Arguments in(args);
//   const Jid group = in.group("group");
//   if (in.error()) co_return base::fail(*in.error());
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "whatsapp/binary/jid.h"

namespace worker {

class Arguments {
 public:
  using Jid = whatsapp::binary::Jid;

  /// `args` must outlive this.
  explicit Arguments(const nlohmann::json& args) : args_(args) {}

  std::string text(const char* name, std::size_t most = 4'096);  // empty when absent
  std::string required_text(const char* name, std::size_t most = 4'096);
  std::int64_t integer(const char* name, std::int64_t otherwise = 0);
  std::optional<bool> boolean(const char* name);
  base::Bytes base64(const char* name, std::size_t most);

  /// A phone number as people write it, or a JID. Anything that can be written to.
  Jid chat(const char* name);
  Jid person(const char* name);
  Jid group(const char* name);
  std::vector<Jid> people(const char* name, std::size_t most = 1'024);
  [[nodiscard]] bool has(const char* name) const;
  /// The list under `name`; empty when absent.
  [[nodiscard]] std::vector<nlohmann::json> list(const char* name, std::size_t most = 1'024);

  void refuse(std::string why);
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }

 private:
  [[nodiscard]] const nlohmann::json& raw(const char* name) const;
  Jid read_jid(const std::string& text, const char* name);

  const nlohmann::json& args_;
  std::optional<base::Error> error_;
};

}  // namespace worker
