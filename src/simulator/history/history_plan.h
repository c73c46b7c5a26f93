// What a chunk of history is to be like: made up, but in the shape that phones send (spec 07 B2, B7, B9).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace simulator {

enum class HistoryType : std::uint32_t {
  kInitialBootstrap = 0,
  kInitialStatus = 1,
  kFull = 2,
  kRecent = 3,
  kPushName = 4,
  kNonBlockingData = 5,
  kOnDemand = 6,
  kNoHistory = 7,
  kMessageAccessStatus = 8,
};

struct HistoryPlan {
  HistoryType type = HistoryType::kInitialBootstrap;
  std::uint32_t chunk_order = 1;
  std::uint32_t progress = 100;
  std::size_t chats = 5;  // those with the people of the world first, then with made-up numbers
  std::size_t messages_per_chat = 10;
  std::size_t archive = 0;         // messages of a chat on the phone; at least messages_per_chat
  std::size_t message_bytes = 40;  // of text
  enum class Place { kAuto, kInline, kExternal } place = Place::kAuto;  // kAuto: inline if small and offered
  enum class ChatIds { kPn, kLid, kMixed } chat_ids = ChatIds::kPn;
  enum class Order { kNewestFirst, kOldestFirst } order = Order::kNewestFirst;

  /// Things that are legal, but not usual.
  struct Oddities {
    bool unknown_fields = false;     // in every message
    bool id_after_messages = false;  // of a conversation
    bool future_timestamps = false;  // of every tenth message: decades off
    bool c_us_mappings = false;      // PN side in the old form
    bool missing_participant = false;
  } odd{};

  /// What is wrong with the chunk.
  enum class Fault {
    kNone,
    kTruncated,    // the compressed stream ends early
    kGzip,         // gzip instead of zlib
    kBomb,         // inflates a thousand times
    kCorruptBlob,  // one bit on the media host
    kExpired,      // 410 there
    kWrongHash,    // the notice names another hash
    kTwice,        // announced twice
    kNotProtobuf,  // inflates to noise
  } fault = Fault::kNone;

  // Of answers to a request.
  std::string only_chat{};                       // instead of `chats`
  std::optional<std::uint64_t> before_number{};  // messages below this number only
  std::string session_id{};
  std::string full_request_id{};
  std::uint32_t end_of_transfer = 0;
};

/// One chat of made-up history.
struct HistoryChat {
  std::string pn;  // JID
  std::string lid;
  std::string name;
};

/// A plan with everything that it needs of the world, so that it can be carried out elsewhere.
struct HistoryScript {
  HistoryPlan plan;
  std::vector<HistoryChat> chats;
  std::int64_t now = 0;
  std::uint64_t seed = 1;
};

/// Message `number` (from 0, oldest) of a chat: "HIST" and the digits of the chat's number and of its own.
std::string history_message_id(const HistoryChat& chat, std::uint64_t number);
/// The other way round; empty for an id that is not from here.
std::optional<std::uint64_t> history_message_number(const std::string& id);

}  // namespace simulator
