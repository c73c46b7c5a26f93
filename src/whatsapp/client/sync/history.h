// History: the phone tells a linked device about the past in chunks, each announced by a notice. A notice is
// stored with the message that brought it, so that none is lost; chunks are then read one after the other in
// the background, and the phone is told of each when it is done or given up for good (10 Q11). A chunk that
// is gone from the media hosts is asked for once more. Older messages of a chat can be asked for. Part of
// Client, see history(). Spec 07 part B.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/client/notifications.h"
#include "whatsapp/client/peer_messenger.h"
#include "whatsapp/client/self_notices.h"
#include "whatsapp/client/sync/history_import.h"
#include "whatsapp/media/history_notification.h"

namespace whatsapp {

/// The oldest message that the asker has; history goes on before it.
struct HistoryAnchor {
  std::string message_id{};
  enum class Author { kThem, kMe } author = Author::kThem;
  std::int64_t at = 0;  // Unix seconds
};

class History final : public SelfNoticeListener, public NotificationListener {
 public:
  History(DeskParts& parts, PeerMessenger& peers, AccountBook& book);

  void attached();
  void offline_finished();

  /// Asks the phone for messages older than `before`; nothing: than the oldest that history has told of. They
  /// go to the sink as history, whatever the settings say. Returns when they are there. kTimeout after a
  /// minute (the phone is off; they may still come), kNotFound if nothing is known of the chat, kClosed,
  /// kInvalidArgument.
  runtime::Task<base::Result<ImportedHistory>> ask_for_older(binary::Jid chat,
                                                             std::optional<HistoryAnchor> before,
                                                             std::uint32_t count);

  // SelfNoticeListener: the notices
  runtime::Task<base::Result<void>> take(const message::SelfNotice& notice, const MessageSource& source,
                                         store::Changes& changes) override;
  void committed(const message::SelfNotice& notice, const MessageSource& source) override;
  // NotificationListener: mediaretry
  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;
  void committed(const binary::Node& notification) override;

 private:
  struct Pending;
  struct Request;
  enum class Fate {
    kDone,     // read, or never to be read: the phone hears of it
    kWaiting,  // for the phone or for better times
  };

  void work();
  runtime::Task<void> run();
  runtime::Task<base::Result<std::optional<Pending>>> next_pending();
  runtime::Task<base::Result<Fate>> process(Pending& pending);
  runtime::Task<base::Result<Fate>> import(Pending& pending, const media::HistoryNotification& notice);
  runtime::Task<base::Result<std::unique_ptr<Blob>>> open(const media::HistoryNotification& notice);
  runtime::Task<base::Result<Fate>> not_had(Pending& pending, const media::HistoryNotification& notice,
                                            base::Error why);
  runtime::Task<base::Result<Fate>> ask_to_upload(Pending& pending, const media::ExternalHistory& file);
  runtime::Task<void> give_up_after(std::string key, base::Duration patience);
  runtime::Task<base::Result<void>> conclude(Pending pending);
  runtime::Task<base::Result<void>> save(const Pending& pending);
  [[nodiscard]] bool wanted(media::SyncType type) const;
  void answer_request(const media::HistoryNotification& notice, base::Result<ImportedHistory> result);

  DeskParts& parts_;
  PeerMessenger& peers_;
  AccountBook& book_;
  HistoryImport import_;

  bool running_ = false;
  std::uint64_t arrivals_ = 0;
  std::set<std::string> waiting_;             // keys of notices that are not to be tried now
  std::map<std::string, Request*> requests_;  // by id
};

}  // namespace whatsapp
