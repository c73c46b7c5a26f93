// The form of retry receipts: "I could not read your message, send it again". From the second time on, or
// when there is no session at all, it carries fresh keys with which the sender begins a new session. Spec
// 05 §9.1, §9.2.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/message_source.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

struct RetryNumbers {
  std::uint32_t count = 1;
  std::optional<int> reason;  // signal::retry_reason_code()
};

/// Addressed to where the message came from; without keys.
binary::Node retry_receipt(const binary::Node& message, const MessageSource& source,
                           const RetryNumbers& numbers, std::uint32_t own_registration_id);

/// Adds our identity, the signed pre-key and a one-time key that nobody else gets.
void add_retry_keys(binary::Node& receipt, const store::DeviceCredentials& credentials,
                    const signal::PreKey& one_time);

/// A retry receipt that came in.
struct RetryRequest {
  std::string id;         // of our message
  binary::Jid requester;  // the device that could not read it
  std::int64_t count = 1;
  std::optional<std::uint32_t> registration_id;
  std::optional<signal::PreKeyBundle> keys;  // signature not checked yet
};

/// kMalformed.
base::Result<RetryRequest> read_retry_request(const binary::Node& receipt);

}  // namespace whatsapp
