#include "whatsapp/client/send_verdict.h"

#include <array>
#include <string>
#include <string_view>

namespace whatsapp {
namespace {

using Result = SendVerdict::Result;

struct CodeRule {
  int code;
  Result result;
  std::string_view meaning;
  SendVerdict::DeviceLists device_lists = SendVerdict::DeviceLists::kRight;
  SendVerdict::Lid lid = SendVerdict::Lid::kRight;
};

constexpr auto kStaleLists = SendVerdict::DeviceLists::kStale;

constexpr std::array<CodeRule, 11> kRules{{
    {403, Result::kFailed, "not allowed to write there", kStaleLists},
    {404, Result::kFailed, "the recipient is gone", kStaleLists},
    {406, Result::kFailed, "the recipient is not registered", kStaleLists},
    {408, Result::kAgain, "the server timed out"},
    {421, Result::kFailed, "the recipient is addressed in the wrong form", kStaleLists,
     SendVerdict::Lid::kStale},
    {429, Result::kAgain, "too many messages"},
    {kReachOutLocked, Result::kFailed, "not allowed to write to this person first"},
    {kNewChatsCapped, Result::kFailed, "the limit of new chats is reached"},
    {479, Result::kFailed, "the server found the stanza malformed"},
    {500, Result::kAgain, "the server failed"},
    {503, Result::kAgain, "the server is unavailable"},
}};

CodeRule rule_for(int code) {
  for (const CodeRule& rule : kRules)
    if (rule.code == code) return rule;
  return {code, Result::kFailed, "the server refused the message"};
}

}  // namespace

SendVerdict read_send_ack(const binary::Node& ack) {
  SendVerdict out;
  out.timestamp = ack.number("t").value_or(0);
  if (ack.attr_is("refresh_lid", "true")) out.lid = SendVerdict::Lid::kStale;
  const auto code = static_cast<int>(ack.number("error").value_or(0));
  if (code == 0 && !ack.has_attr("error")) {
    out.phash = ack.attr("phash").value_or("");
    return out;
  }
  CodeRule rule = rule_for(code);
  if (ack.attr_is("type", "wait")) rule.result = Result::kAgain;
  out.result = rule.result;
  out.device_lists = rule.device_lists;
  if (rule.lid == SendVerdict::Lid::kStale) out.lid = rule.lid;
  const auto kind = out.result == Result::kAgain ? base::ErrorCode::kUnavailable : base::ErrorCode::kRejected;
  out.error = {kind, std::string{rule.meaning}, code};
  return out;
}

}  // namespace whatsapp
