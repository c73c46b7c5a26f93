// How an account behaves towards others, as its owner wishes.
#pragma once

namespace whatsapp {

/// Whether others see us online. "available" takes the phone's notifications away, so a gateway stays
/// unavailable.
enum class Availability { kUnavailable, kAvailable };
enum class IncomingCalls { kRing, kReject };
/// Messages from before the device was linked: told to the application, or passed over unread.
enum class ForwardHistory { kNo, kYes };

struct AccountManners {
  Availability presence = Availability::kUnavailable;
  IncomingCalls reject_calls = IncomingCalls::kRing;
  ForwardHistory forward_history = ForwardHistory::kNo;
};

}  // namespace whatsapp
