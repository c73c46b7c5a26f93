#include "connection/passkey_status.h"

#include <nlohmann/json.hpp>

#include "runtime/json.h"

namespace worker {

std::string passkey_status(const whatsapp::PasskeyNews& news) {
  using Step = whatsapp::PasskeyNews::Step;
  nlohmann::json out = nlohmann::json::object();
  if (news.step == Step::kSent) {
    out["step"] = "sent";
    return runtime::to_text(out);
  }
  out["expires_in_s"] = news.valid_for.count() / 1000;
  if (news.step == Step::kConfirmationWanted) {
    out["step"] = "confirm";
    out["code"] = news.code;
    return runtime::to_text(out);
  }
  out["step"] = "assertion";
  const auto request = runtime::parse_json(news.challenge);
  if (request) out["request"] = *request;
  return runtime::to_text(out);
}

}  // namespace worker
