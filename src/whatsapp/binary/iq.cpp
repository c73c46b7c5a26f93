#include "whatsapp/binary/iq.h"

#include <algorithm>
#include <array>

namespace whatsapp::binary {
namespace {

constexpr std::array kRetryableCodes{408, 423, 429, 500, 503, 530};

/// Codes and waits are small; what does not fit is treated as not given.
int small_number(std::optional<std::int64_t> number) {
  constexpr std::int64_t kLargest = 1'000'000;
  return number && *number >= 0 && *number <= kLargest ? static_cast<int>(*number) : 0;
}

}  // namespace

RequestIds::RequestIds(base::Random& random)
    : prefix_(std::to_string(random.below(65536)) + "." + std::to_string(random.below(65536)) + "-") {}

std::string RequestIds::next() {
  return prefix_ + std::to_string(next_.fetch_add(1, std::memory_order_relaxed));
}

std::optional<IqError> iq_error(const Node& answer) {
  if (answer.tag() == "ack" && answer.has_attr("error"))
    return IqError{small_number(answer.number("error")), answer.attr("text").value_or(""), std::nullopt};
  if (answer.tag() != "iq" || !answer.attr_is("type", "error")) return std::nullopt;
  const Node* error = answer.child("error");
  if (error == nullptr) return IqError{};
  IqError out{small_number(error->number("code")), error->attr("text").value_or(""), std::nullopt};
  if (const int backoff = small_number(error->number("backoff")); backoff > 0)
    out.backoff = std::chrono::seconds{backoff};
  return out;
}

bool is_retryable(const IqError& error) {
  return std::ranges::find(kRetryableCodes, error.code) != kRetryableCodes.end();
}

base::Result<void> check_answer(const Node& answer) {
  if (const auto error = iq_error(answer)) {
    const auto code = is_retryable(*error) ? base::ErrorCode::kUnavailable : base::ErrorCode::kRejected;
    std::string sentence = "the server answered " + std::to_string(error->code);
    if (!error->text.empty()) sentence += " " + error->text;
    return base::fail(code, std::move(sentence), error->code);
  }
  const bool result = answer.tag() == "ack" || (answer.tag() == "iq" && answer.attr_is("type", "result"));
  if (!result) return base::fail(base::ErrorCode::kMalformed, "<" + answer.tag() + "> is no answer");
  return {};
}

}  // namespace whatsapp::binary
