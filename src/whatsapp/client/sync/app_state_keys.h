// The keys of the app state: taken from the phone's shares, asked for when one is missing. A missing key is
// asked for once a day, whatever happens meanwhile; a collection that needs it waits (10 P2). Spec 07 A2.
#pragma once

#include <functional>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/app_state/sync_key.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/peer_messenger.h"
#include "whatsapp/client/self_notices.h"

namespace whatsapp {

class AppStateKeys final : public SelfNoticeListener {
 public:
  /// `arrived` is called when new keys are durable.
  AppStateKeys(DeskParts& parts, PeerMessenger& peers, std::function<void()> arrived)
      : parts_(parts), peers_(peers), arrived_(std::move(arrived)) {}

  runtime::Task<base::Result<void>> take(const message::SelfNotice& notice, const MessageSource& source,
                                         store::Changes& changes) override;
  void committed(const message::SelfNotice& notice, const MessageSource& source) override;

  /// Asks the phone, in the background; after a minute without an answer all our devices.
  void request(std::vector<app_state::KeyId> missing);

 private:
  using KeyIds = std::vector<app_state::KeyId>;
  enum class Stamp { kSet, kCleared };

  runtime::Task<void> ask(KeyIds missing);
  runtime::Task<base::Result<KeyIds>> not_asked_lately(KeyIds missing);
  runtime::Task<base::Result<KeyIds>> still_missing(KeyIds missing);
  runtime::Task<base::Result<void>> stamp(const KeyIds& ids, Stamp how);
  runtime::Task<base::Result<void>> ask_device(std::uint16_t device, const KeyIds& ids);

  DeskParts& parts_;
  PeerMessenger& peers_;
  std::function<void()> arrived_;
  bool news_ = false;  // keys of the message that is being taken in
};

}  // namespace whatsapp
