// Our own list of devices, fetched anew when the server calls it dirty: a device linked while we were away
// gets copies of what we send only if we know it. Spec 08 §9; 10 D2.
#pragma once

#include <utility>
#include <vector>

#include "whatsapp/client/dirty_marks.h"

namespace whatsapp {

class OwnDevicesRefresh final : public DirtyListener {
 public:
  explicit OwnDevicesRefresh(DeskParts& parts) : parts_(parts) {}

  runtime::Task<base::Result<void>> refresh(binary::Node dirty) override {
    if (dirty.child("devices") == nullptr) co_return base::Result<void>{};
    const Self& self = parts_.connection.self();
    std::vector<binary::Jid> own{self.lid.user().empty() ? self.pn.account() : self.lid.account()};
    using Freshness = DeviceDirectory::Freshness;
    const auto devices = co_await parts_.directory.devices_of(std::move(own), Freshness::kRefetched);
    if (!devices) co_return base::fail(devices.error());
    co_return base::Result<void>{};
  }

 private:
  DeskParts& parts_;
};

}  // namespace whatsapp
