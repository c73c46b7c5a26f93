// History: notices that survive, chunks that are read in slices, and the phone that is told of each once.
#include "whatsapp/client/sync/history.h"

#include <doctest/doctest.h>

#include "proto/history.pb.h"
#include "proto/peer_data.pb.h"
#include "unit/whatsapp/client/stranger.h"
#include "unit/whatsapp/media/long_chunk.h"
#include "whatsapp/client/sync/chats.h"
#include "whatsapp/media/media_retry.h"

using namespace whatsapp;
using namespace whatsapp::test;
using namespace std::chrono_literals;
using base::Bytes;
using history_bench::bytes_field;
using history_bench::number_field;
using history_bench::text_field;

namespace {

constexpr const char* kBob = "15550002222@s.whatsapp.net";

/// Bob's chat with two messages, his name, and his LID, which stands behind them.
Bytes bootstrap(std::uint64_t type = 0) {
  const Bytes pair = base::concat(text_field(1, "15550002222@c.us"), text_field(2, "200000000000002@lid"));
  const Bytes name = base::concat(text_field(1, kBob), text_field(2, "Bobby"));
  return base::concat(
      number_field(1, type),
      history_bench::conversation(kBob, history_bench::message("M2", 1'700'000'100),
                                  history_bench::message("M1", 1'700'000'000), number_field(9, 86'400),
                                  number_field(10, 1'699'000'000), number_field(15, 1), number_field(16, 1)),
      bytes_field(7, name), bytes_field(15, pair), text_field(16, "nonce"), text_field(19, "salt"));
}

proto::Message notice(const proto::HistorySyncNotification& notification) {
  proto::Message message;
  message.mutable_protocol_message()->set_type(proto::ProtocolMessage::HISTORY_SYNC_NOTIFICATION);
  message.mutable_protocol_message()->set_history_sync_notification(notification.SerializeAsString());
  return message;
}

proto::Message inline_notice(const Bytes& chunk, std::uint32_t type = 0, const std::string& request = {}) {
  const Bytes compressed = history_bench::deflated(chunk);
  proto::HistorySyncNotification out;
  out.set_sync_type(type);
  out.set_progress(100);
  out.set_initial_hist_bootstrap_inline_payload(compressed.data(), compressed.size());
  if (!request.empty()) out.set_peer_data_request_session_id(request);
  return notice(out);
}

proto::Message file_notice(const std::string& path, std::uint32_t type = 0) {
  proto::HistorySyncNotification out;
  out.set_sync_type(type);
  out.set_media_key(std::string(32, 'k'));
  out.set_file_enc_sha256(std::string(32, 'e'));
  out.set_file_sha256(std::string(32, 'p'));
  out.set_direct_path(path);
  out.set_file_length(100);
  return notice(out);
}

MessageDeskSettings with_history() {
  MessageDeskSettings settings;
  settings.manners.forward_history = ForwardHistory::kYes;
  return settings;
}

struct Bench : DeskBench {
  explicit Bench(MessageDeskSettings settings = {})
      : DeskBench(settings), phone(alice, alice_phone.lid(), 6) {}
  void announce(const char* id, const proto::Message& message) {
    give(alice, as_peer(phone.says(id, message)));
  }
  [[nodiscard]] std::size_t pending() const { return alice.memory->record_count("pending_history").value(); }

  Stranger phone;
};

/// A chunk without end, made while it is read.
class LongBlob final : public Blob {
 public:
  explicit LongBlob(std::size_t messages, std::size_t& peak) : messages_(messages), peak_(peak) {}
  base::Result<std::unique_ptr<media::ByteSource>> open() override {
    struct Watched final : media::ByteSource {
      Watched(std::size_t messages, std::size_t& most) : chunk(messages), peak(most) {}
      base::Result<std::size_t> read(base::MutableByteView room) override {
        const auto count = chunk.read(room);
        peak = std::max(peak, chunk.peak);
        return count;
      }
      history_bench::LongChunk chunk;
      std::size_t& peak;
    };
    return std::make_unique<Watched>(messages_, peak_);
  }

 private:
  std::size_t messages_;
  std::size_t& peak_;
};

}  // namespace

TEST_CASE(
    "H3: a chunk that comes inside its notice is read; names, chats and LIDs are kept, messages are not") {
  Bench bench;
  bench.announce("H1", inline_notice(bootstrap()));
  CHECK(bench.alice.memory->lid_of("15550002222").value() == "200000000000002");
  const auto bob = bench.run(bench.alice.desk->chats().contact(*Jid::parse(kBob)));
  CHECK(bob->push_name == "Bobby");
  const auto chat = bench.run(bench.alice.desk->chats().facts(lid_jid("200000000000002")));
  CHECK(chat->archived == true);
  CHECK(chat->ephemeral_seconds == 86'400);
  CHECK(bench.alice.memory->value("nct_salt").value() == base::to_bytes(std::string_view{"salt"}));
  CHECK(bench.alice.memory->value("companion_meta_nonce").value().has_value());
  CHECK(bench.alice.sink.past.empty());
  CHECK(bench.pending() == 0);
  REQUIRE(bench.alice.receipts("hist_sync").size() == 1);
  CHECK(bench.alice.receipts("hist_sync")[0].attr("id") == "H1");
  CHECK(bench.alice.receipts("hist_sync")[0].attr("to") == "100000000000001@lid");
  CHECK(bench.alice.receipts("peer_msg").size() == 1);
}

TEST_CASE("messages of the past go to the sink when it wants them, as history") {
  Bench bench(with_history());
  bench.announce("H1", inline_notice(bootstrap(3), 3));
  REQUIRE(bench.alice.sink.past.size() == 2);
  CHECK(bench.alice.sink.past[0].id == "M2");
  CHECK(bench.alice.sink.past[0].content.text == "hi");
  CHECK(bench.alice.sink.past[0].sender_lid->to_string() == "200000000000002@lid");
  CHECK(bench.alice.sink.events.empty());
}

TEST_CASE("history never overrides what was learned live, and reading a chunk twice changes nothing") {
  Bench bench;
  store::Changes live;
  live.lid_mappings.push_back({"15550002222", "777"});
  REQUIRE(bench.alice.memory->commit(live));
  bench.announce("H1", inline_notice(bootstrap()));
  bench.announce("H2", inline_notice(bootstrap()));
  CHECK(bench.alice.memory->lid_of("15550002222").value() == "777");
  CHECK(bench.alice.receipts("hist_sync").size() == 2);
}

TEST_CASE("Q11: what we do not read is answered all the same: other types, broken chunks, nonsense") {
  Bench bench;
  bench.announce("H1", inline_notice(bootstrap(1), 1));
  bench.announce("H2", inline_notice(bootstrap(3), 3));  // recent messages, which nobody wants here
  Bytes broken = bootstrap();
  broken.resize(broken.size() - 3);
  bench.announce("H3", inline_notice(broken));
  proto::Message nonsense;
  nonsense.mutable_protocol_message()->set_type(proto::ProtocolMessage::HISTORY_SYNC_NOTIFICATION);
  nonsense.mutable_protocol_message()->set_history_sync_notification("\xff\xff");
  bench.announce("H4", nonsense);
  CHECK(bench.alice.receipts("hist_sync").size() == 4);
  CHECK(bench.pending() == 0);
  CHECK_FALSE(bench.alice.memory->lid_of("15550002222").value());  // nothing of a broken chunk is kept
}

TEST_CASE("a notice outlives the connection; the chunk is read with the next one") {
  Bench bench;
  // The line drops while the phone is asked for the lost file.
  bench.announce("H1", file_notice("/gone"));
  CHECK(bench.pending() == 1);
  CHECK(bench.alice.receipts("hist_sync").empty());
  bench.server.blobs.files["/gone"] = history_bench::deflated(bootstrap());
  bench.reconnect(bench.alice);
  CHECK(bench.pending() == 0);
  CHECK(bench.alice.receipts("hist_sync").size() == 1);
  CHECK(bench.alice.memory->lid_of("15550002222").value().has_value());
}

TEST_CASE("a chunk that is gone is asked for once, and read from its new place") {
  Bench bench;
  bench.announce("H1", file_notice("/old"));
  const auto asked = bench.alice.receipts("server-error");
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].attr("category") == "peer");
  CHECK(asked[0].child("rmr") == nullptr);
  const media::MediaKey key{base::to_fixed<32>(base::as_bytes(std::string(32, 'k')))};
  const auto sealed = asked[0].child("encrypt");
  CHECK(media::open_retry_request(key, "H1", *sealed->child_bytes("enc_iv"), *sealed->child_bytes("enc_p")));

  bench.server.blobs.files["/new"] = history_bench::deflated(bootstrap());
  base::SeededRandom random{3};
  const auto answer = media::seal_retry_answer(key, "H1", {media::RetryResult::kSuccess, "/new"}, random);
  Node notification =
      Node("notification").with("id", "H1").with("from", bench.alice.pn().bare()).with("type", "mediaretry");
  notification.add_child(Node("encrypt")
                             .add(Node("enc_p").bytes(base::ByteView{answer.ciphertext}))
                             .add(Node("enc_iv").bytes(base::ByteView{answer.iv})));
  bench.give(bench.alice, std::move(notification));
  CHECK(bench.alice.memory->lid_of("15550002222").value().has_value());
  CHECK(bench.alice.receipts("hist_sync").size() == 1);
  CHECK(bench.alice.receipts("server-error").size() == 1);
}

TEST_CASE("a chunk that stays away is given up after a while, and the phone is told") {
  Bench bench;
  bench.announce("H1", file_notice("/old"));
  bench.pass(6min);
  CHECK(bench.pending() == 0);
  CHECK(bench.alice.receipts("hist_sync").size() == 1);
  CHECK(bench.alice.receipts("server-error").size() == 1);
}

TEST_CASE("older messages can be asked for, and come as history whatever the settings say") {
  Bench bench;
  std::optional<base::Result<ImportedHistory>> answer;
  auto ask = [](DeskBench& desk, std::optional<base::Result<ImportedHistory>>& out) -> runtime::Task<void> {
    const HistoryAnchor before{"M3", HistoryAnchor::Author::kThem, 1'700'000'200};
    out = co_await desk.alice.desk->history().ask_for_older(*Jid::parse(kBob), before, 50);
  };
  bench.scope.spawn(ask(bench, answer));
  bench.settle();
  const Node request = bench.alice.sent_with_tag("message").at(0);
  CHECK(request.attr("push_priority") == "high_force");
  CHECK(request.attr("privacy_sensitive") == "1");
  bench.announce("H9", inline_notice(bootstrap(6), 6, *request.attr("id")));
  bench.until([&] { return answer.has_value(); });
  REQUIRE(*answer);
  CHECK((*answer)->forwarded == 2);
  CHECK(bench.alice.sink.past.size() == 2);

  answer.reset();
  bench.scope.spawn(ask(bench, answer));
  bench.pass(61s);
  REQUIRE(answer.has_value());
  CHECK(answer->error().code == base::ErrorCode::kTimeout);
}

TEST_CASE("H1: a history of 200 MiB takes a few MiB while it is read and forwarded") {
  constexpr std::size_t kMessages = 200 * history_bench::kMebi / 10'000;
  std::size_t peak = 0;
  Bench bench(with_history());
  bench.server.blobs.make = [&]() -> std::unique_ptr<Blob> {
    return std::make_unique<LongBlob>(kMessages, peak);
  };
  std::size_t forwarded = 0;
  bench.alice.sink.on_past = [&] { ++forwarded; };
  const std::size_t before = history_bench::allocated();
  bench.alice.inbox.push_back(as_peer(bench.phone.says("H1", file_notice("/long", 2))));
  for (int i = 0; i < 60 && bench.alice.receipts("hist_sync").empty(); ++i) bench.turn_for(2s);
  CHECK(bench.alice.receipts("hist_sync").size() == 1);
  CHECK(forwarded == kMessages);
  CHECK(peak < before + 16 * history_bench::kMebi);
}
