// What a phone does for its companions besides having an account with them: it shares keys and history when
// they are linked, and answers what they ask of it in peer messages and receipts (spec 03 §15.5, 05 §10.3,
// 06 §5, 07 A10, B9).
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/app_state/phone_app_state.h"
#include "simulator/history/history_chunk.h"
#include "simulator/phone/manners.h"
#include "simulator/timers.h"
#include "whatsapp/media/media_retry.h"

namespace simulator {

class SimulatedPhone;
class World;

/// Something a companion asked of its phone.
struct CompanionRequest {
  std::string id;      // of its message, or of the message that a receipt is about
  std::string device;  // JID
  std::string what;    // "key_request", "history", "placeholder", "full_history", "recovery", "media_retry"
  std::string detail;
};

class PhoneDesk {
 public:
  PhoneDesk(World& world, SimulatedPhone& phone);
  ~PhoneDesk();

  PhoneManners manners;

  [[nodiscard]] PhoneAppState& app_state() { return app_state_; }
  [[nodiscard]] const PhoneAppState& app_state() const { return app_state_; }
  [[nodiscard]] const std::deque<CompanionRequest>& requests() const { return requests_; }

  /// The server has a companion's keys for the first time: it can be written to.
  void provision(Device& companion);
  /// A peer message; `message` is a serialised Message.
  void on_peer_message(const std::string& id, Device& companion, base::ByteView message);
  /// A receipt of type server-error.
  void on_media_request(Device& companion, const Node& receipt);

  /// A plan for `companion`, with the people of the world and a seed of its own.
  [[nodiscard]] HistoryScript script_for(const HistoryPlan& plan);
  [[nodiscard]] static InlineOffer offer_of(const Device& companion);
  /// Announces a chunk; kUnavailable while the companion has no keys. Returns the message ids.
  base::Result<std::vector<std::string>> announce(Device& companion, const HistoryChunk& chunk);
  /// Makes a chunk and announces it.
  base::Result<std::vector<std::string>> send_history(Device& companion, const HistoryPlan& plan);

  /// Keys of app state, all of them. Returns the message id.
  base::Result<std::string> share_keys(Device& companion);
  /// Which LID belongs to which number, as after the phone's chats have moved to LIDs. Users, digits.
  base::Result<std::string> tell_mappings(Device& companion,
                                          const std::vector<std::pair<std::uint64_t, std::uint64_t>>& pairs);
  /// A peer message of any content.
  base::Result<std::string> tell(Device& companion, base::ByteView message);

 private:
  struct Retry {
    std::string id;
    Jid own;  // in the form in which it was asked
    std::optional<FileReference> file;
    std::optional<Node> rmr;
  };

  void note(CompanionRequest request);
  void later(std::uint16_t companion, std::function<void(Device&)> answer);
  void answer_keys(Device& companion, base::ByteView request);
  void answer_request(const std::string& id, Device& companion, base::ByteView request);
  void answer_placeholders(const std::string& id, Device& companion,
                           const std::vector<std::string>& message_keys);
  void answer_recovery(const std::string& id, Device& companion, const std::string& collection);
  void answer_history(Device& companion, const HistoryPlan& plan);
  [[nodiscard]] base::Bytes web_message_info(const std::string& message_key) const;
  [[nodiscard]] std::optional<FileReference> file_of(const std::string& message_id) const;
  void answer_media(Device& companion, const Retry& retry);
  [[nodiscard]] whatsapp::media::RetryAnswer media_answer(const FileReference& file);

  World& world_;
  SimulatedPhone& phone_;
  PhoneAppState app_state_;
  std::deque<CompanionRequest> requests_;
  std::map<std::string, FileReference> history_files_;  // by the id of the message that announced them
  std::uint64_t next_seed_ = 1;
  Timers timers_;
};

}  // namespace simulator
