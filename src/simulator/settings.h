// What a simulated world can be told before it starts, and the small value types of its commands. JIDs in
// this room's public interface are texts: "5511900000001@s.whatsapp.net", with ":device" where a device is
// meant. They come from tests and from HTTP, and go back there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace simulator {

/// How long the server offers a companion to be linked.
struct PairingSettings {
  int refs = 6;                           // refs in `pair-device`
  base::Duration first_ref{60'000};       // how long the first QR lives
  base::Duration later_refs{20'000};      // and each of the others
  base::Duration grace{5'000};            // a ref is accepted this long after its time
  base::Duration answer_timeout{20'000};  // for the companion's answer to `pair-success`

  base::Duration code_life{180'000};  // of a code for typing
  int codes_per_number = 5;           // in ten minutes; more are answered with 429
  int hello_error = 0;                // answer to `companion_hello`; 0: as things are
  int finish_error = 0;               // the same for `companion_finish`
  std::string comma_in_ref{};         // put into the second ref, which may contain commas
  enum class PasskeyDemand { kNever, kAlways } passkey = PasskeyDemand::kNever;
  std::string passkey_options =
      R"({"challenge":"c2ltdWxhdG9y","timeout":600000,"rpId":"whatsapp.com","allowCredentials":[],)"
      R"("userVerification":"required","extensions":{"uvm":true}})";
};

/// Whether a number that nobody has finds the account with (or without) the ninth digit of Brazilian
/// mobile numbers: 55 DD 9XXXXXXXX ⇄ 55 DD XXXXXXXX. The answer names the account's own number.
enum class NinthDigit { kNormalise, kExact };

/// The media hosts: HTTPS servers with a test certificate.
struct MediaSettings {
  int hosts = 2;                   // 0: none
  int port = 0;                    // of the first, the others follow it; 0: any free ones
  std::string authority_folder{};  // holds ca.pem and ca.key, made if missing; empty: a new one each start
  int ttl_seconds = 300;           // of the list of hosts
  int auth_ttl_seconds = 21'600;   // of the token for uploads
};

/// The form in which a person addresses the other side, and a group its members.
enum class Addressing { kPn, kLid };

/// What the server does with a first message to somebody who never wrote to its sender.
/// kNeedToken: refused with 463 without a token of the recipient's. kCapped: refused with 475.
enum class Strangers { kWelcome, kNeedToken, kCapped };

struct Settings {
  std::string bind = "127.0.0.1";
  int port = 0;                   // WebSocket and control API; 0: any free one
  std::uint64_t seed = 1;         // every key, id and ref follows from it
  std::string tls_certificate{};  // PEM files; empty: plain ws:// and http://
  std::string tls_key{};
  PairingSettings pairing;
  MediaSettings media{};
  NinthDigit ninth_digit = NinthDigit::kNormalise;
  Strangers strangers = Strangers::kWelcome;
  Addressing group_addressing = Addressing::kLid;  // of groups that clients create
  base::Duration offline_batch_wait{2'000};        // for `offline_batch` before the queue is delivered anyway
  std::size_t kept_messages = 20'000;  // received messages remembered per person, oldest forgotten
};

struct PersonOptions {
  std::string number{};  // digits with country code; empty: the next free one
  std::string name{};    // push name; empty: none is announced
  std::string platform = "android";
};

/// What a contact does with a text.
enum class Reply { kNone, kEcho };  // kEcho: "echo: <text>" to the chat it came from
/// Which receipts a person's devices send for what they decrypt.
enum class Receipts { kNone, kDelivery, kDeliveryAndRead };

struct ContactOptions : PersonOptions {
  int devices = 1;  // the phone and devices - 1 companions
  Reply reply = Reply::kNone;
  Receipts receipts = Receipts::kDelivery;
};

/// One message that a simulated device decrypted.
struct ReceivedMessage {
  std::string id{};
  std::string from{};  // author's device JID as the stanza said
  std::string chat{};  // whom the conversation is with, without device
  int device = 0;      // which of the person's devices decrypted it
  enum class Direction { kIncoming, kOwn } direction = Direction::kIncoming;  // kOwn: a copy of what we sent
  std::string text{};
  std::string quoted_id{};  // empty: none
  std::vector<std::string> mentions{};
  std::string kind{};            // "text", "image", "reaction", …; see whatsapp/message/content.h
  std::string target_id{};       // the message that is edited, revoked or reacted to; empty: none
  std::string type{};            // the stanza's
  std::string edit{};            // the stanza's; empty: none
  base::Bytes content{};         // the serialised Message, as it was decrypted
  std::string cipher{};          // "pkmsg", "msg", "skmsg", "plaintext"
  std::int64_t timestamp = 0;    // the stanza's, Unix seconds
  std::int64_t received_at = 0;  // when it was decrypted, Unix milliseconds
};

/// Something that goes wrong on command. `count` says how many times where that makes sense.
struct Fault {
  enum class Kind {
    // now, on the live connection
    kDropSocket,  // close TCP without a word
    kStall,       // neither read nor write until kResume or the end of `delay` (0: no end)
    kResume,
    kHalfOpen,     // accept what comes, answer nothing, send nothing
    kStreamError,  // `code`, `text` = conflict type if any; then close
    kStreamEnd,    // <xmlstreamend/>, then close
    // armed, for the next `count` occasions
    kFailLogin,  // <failure reason=code>
    kDropAck,    // a message is taken, its ack is not sent
    kDelayAck,   // the ack comes after `delay`
    kDoubleAck,
    kAckError,        // the message is refused with `code`
    kCloseBeforeAck,  // the message is taken, the socket closed instead of the ack
    kWrongPhash,      // the ack carries a phash that matches nothing
    kDuplicate,       // a stanza to the device is delivered twice
    kReorder,         // a message to the device is delivered after the one that follows it
    kCorrupt,         // one byte of the ciphertext to the device is flipped
    kUnavailable,     // <unavailable/> is delivered in place of the ciphertext
    kDropIq,          // an iq is not answered
    kIqError,         // an iq is answered with `code`; `text` = only this xmlns
    kUsyncError,      // one protocol (`text`) of a usync answer fails with `code`; `delay` = its back-off
    kUsyncShuffle,    // the users of a usync answer come in another order
    kUsyncMissing,    // the last user of a usync answer is missing
    kRefuseUpgrade,   // for everybody: the WebSocket upgrade is refused
  };
  Kind kind = Kind::kDropSocket;
  int count = 1;
  int code = 0;
  base::Duration delay{0};
  std::string text{};
};

/// How a linking goes wrong on command (spec 03 §15.9).
enum class LinkFault {
  kNone,
  kWrongHmac,       // the container is not from the phone that scanned
  kWrongSignature,  // the account signature is over another identity
  kTruncated,       // the container ends early
  kNoDevice,        // `pair-success` without <device>
  kTwice,           // `pair-success` comes twice
  kEarlySuccess,    // a <success> comes before it
  kNoRestart,       // no 515 and no close afterwards
  kCloseOnly,       // the socket closes without the 515
};

/// How the phone's answer to a code goes wrong on command.
enum class CodeFault { kNone, kForeignRef, kShortEphemeral, kLowOrderKey };

/// What the server knows of one device of one account.
struct DeviceStatus {
  std::string jid{};
  std::string lid{};
  enum class Link { kOffline, kOnline, kActive } link = Link::kOffline;  // kActive: has asked for its queue
  std::uint64_t logins = 0;
  std::uint64_t messages_in = 0;   // accepted from it
  std::uint64_t messages_out = 0;  // written to it, repeats included
  std::size_t queued = 0;          // not yet acked by it
  std::size_t pre_keys = 0;
  std::map<std::string, std::uint64_t> iq_kinds{};  // asked by it: "w:g2/get/query" and so on
};

/// A breach of the protocol by a client, seen by the server.
struct Violation {
  std::string device{};
  std::string what{};  // stable word: "counter_reuse", "second_connection", "ack_mismatch", …
  std::string detail{};
};

}  // namespace simulator
