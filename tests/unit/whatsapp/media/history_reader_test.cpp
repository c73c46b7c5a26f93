#include "whatsapp/media/history_reader.h"

#include <doctest/doctest.h>

#include <string>

#include "base/encoding.h"
#include "history_bench.h"

using namespace history_bench;
using base::ByteView;
using base::ErrorCode;

namespace {

const char* const kAnn = "123@s.whatsapp.net";

Bytes push_name(std::string_view user, std::string_view name) {
  return bytes_field(7, base::concat(text_field(1, user), text_field(2, name)));
}

Bytes mapping(std::string_view pn, std::string_view lid) {
  return bytes_field(15, base::concat(text_field(1, pn), text_field(2, lid)));
}

ErrorCode failure(const Reading& reading) {
  REQUIRE(reading.error.has_value());
  CHECK_FALSE(reading.end.has_value());
  return reading.error->code;
}

/// A field that no schema here knows, of each wire type.
Bytes unknown_fields() {
  return base::concat(number_field(900, 1), tag(901, 1), Bytes(8), text_field(902, "?"), tag(903, 5),
                      Bytes(4), tag(904, 3), number_field(1, 1), tag(904, 4));
}

}  // namespace

TEST_CASE("a chunk that another client wrote is read item by item") {
  const Bytes compressed = base::from_hex(
                               "7801e36010cae4123234327628d62bcf482c294e2c28d0cb4b2d110ae4f2e592c12623c020c5e"
                               "2ebe96228c4c2c5949129d1f0e8fc"
                               "2ab62e660506462666165636760e4e2e6e1e5e3e7e01412161115131710949296919593979014"
                               "603660d0683142b496c860a313be6"
                               "e555c9629562b7b4b474c8c94c01002f01283f")
                               .value();
  MemorySource source{compressed};
  const Reading reading = read_source(source, {.latest = kNow});
  REQUIRE(reading.end.has_value());
  CHECK(reading.items ==
        std::vector<std::string>{"message 123@s.whatsapp.net MID1", "conversation 123@s.whatsapp.net",
                                 "name 123@s.whatsapp.net Ann", "mapping 123@s.whatsapp.net 999@lid"});
  CHECK(reading.end->sync_type == SyncType::kInitialBootstrap);
  CHECK(reading.end->progress == 100);
  CHECK(reading.end->conversations == 1);
  CHECK(reading.end->messages == 1);
  REQUIRE(reading.messages.size() == 1);
  const HistoryMessage& message = reading.messages.front();
  CHECK(message.timestamp == 1'700'000'000);
  CHECK(base::to_hex(message.secret) == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  CHECK(base::to_string(message.content.value()).ends_with("hi"));
  CHECK(reading.conversations.front().unread == 3);
}

TEST_CASE("wherever the bytes are cut and whatever stands between them, the items are the same") {
  const auto with = [](const Bytes& between) {
    return chunk(
        between, mapping("5@c.us", "6@lid"), between,
        conversation(kAnn, between, message("A", 20, between), between, message("B", 10), number_field(6, 7)),
        between, push_name(kAnn, "Ann"), bytes_field(20, base::concat(between, text_field(3, "Ann B"))),
        number_field(6, 40), between);
  };
  const Reading plain = read(with({}));
  REQUIRE(plain.end.has_value());
  CHECK(plain.items.size() == 6);
  for (const std::size_t piece : {1, 2, 5, 64})
    CHECK(read(with({}), {.latest = kNow}, piece).items == plain.items);
  const Reading noisy = read(with(unknown_fields()), {.latest = kNow}, 3);
  REQUIRE(noisy.end.has_value());
  CHECK(noisy.items == plain.items);
  CHECK(noisy.conversations.front().unread == 7);
  CHECK(noisy.end->progress == 40);
}

TEST_CASE("known fields of a wrong wire type are unknown fields") {
  const Reading reading =
      read(chunk(number_field(2, 1), number_field(7, 1), text_field(5, "?"), number_field(15, 1),
                 conversation(kAnn, number_field(2, 9), text_field(6, "?"), number_field(1, 4))));
  REQUIRE(reading.end.has_value());
  CHECK(reading.items == std::vector<std::string>{"conversation 123@s.whatsapp.net"});
  CHECK(reading.end->chunk_order == 0);
}

TEST_CASE("the last of several scalars wins, parts of sub-messages become one") {
  const Bytes later = bytes_field(2, text_field(99, "part"));
  const Reading reading =
      read(chunk(number_field(5, 1), number_field(5, 2), bytes_field(8, number_field(20, 1234)),
                 bytes_field(8, number_field(14, 1)), conversation(kAnn, message("A", 1, later))));
  REQUIRE(reading.end.has_value());
  CHECK(reading.end->chunk_order == 2);
  CHECK(reading.end->lid_migration_at == 1234);
  CHECK(reading.end->auto_unarchive_chats == true);
  CHECK(reading.messages.front().content.value() ==
        base::concat(text_field(1, "hi"), text_field(99, "part")));
}

TEST_CASE("the small facts of a chunk come at its end") {
  const Reading reading =
      read(base::concat(bytes_field(19, Bytes(16, 7)), number_field(1, 0), text_field(16, "nonce")));
  REQUIRE(reading.end.has_value());
  CHECK(reading.end->sync_type == SyncType::kInitialBootstrap);
  CHECK(reading.end->nct_salt == Bytes(16, 7));
  CHECK(reading.end->companion_meta_nonce == "nonce");
  CHECK_FALSE(reading.end->lid_migration_at.has_value());
  CHECK(read(number_field(1, 55)).end.value().sync_type == static_cast<SyncType>(55));
}

TEST_CASE("a conversation's facts are read, milliseconds become seconds") {
  const Reading reading = read(chunk(conversation(
      "77@lid", text_field(13, "Subject"), text_field(38, "Name"), text_field(39, "9@s.whatsapp.net"),
      text_field(49, "88@lid"), bytes_field(21, Bytes(20, 1)), number_field(22, 50), number_field(28, 60),
      number_field(25, 1'999'999'999'000), number_field(10, 1'700'000'000'000), number_field(9, 86'400),
      number_field(24, 1'700'000'100), number_field(16, 1), number_field(11, 3))));
  REQUIRE(reading.conversations.size() == 1);
  const HistoryConversation& chat = reading.conversations.front();
  CHECK(chat.name == "Subject");
  CHECK(chat.display_name == "Name");
  CHECK(chat.pn == "9@s.whatsapp.net");
  CHECK(chat.lid == "88@lid");
  CHECK(chat.token.value().token == Bytes(20, 1));
  CHECK(chat.token->timestamp == 50);
  CHECK(chat.token->sender_timestamp == 60);
  CHECK(chat.muted_until == 1'999'999'999);
  CHECK(chat.ephemeral_set_at == 1'700'000'000);
  CHECK(chat.ephemeral_seconds == 86'400);
  CHECK(chat.pinned_at == 1'700'000'100);
  CHECK(chat.archived);
  CHECK(chat.transfer == EndOfTransfer::kMoreWithoutAccess);
  CHECK_FALSE(chat.oldest.has_value());
  CHECK(read(chunk(conversation(kAnn, number_field(25, 1'999'999'999)))).conversations.front().muted_until ==
        1'999'999'999);
  CHECK(read(chunk(conversation(kAnn, number_field(5, ~std::uint64_t{0}))))
            .conversations.front()
            .last_message_at > 0);
}

TEST_CASE("names and mappings that say nothing are left out") {
  const Reading reading = read(chunk(push_name(kAnn, "-"), push_name(kAnn, ""), push_name("", "x"),
                                     mapping("", "1@lid"), mapping("1@s.whatsapp.net", "")));
  REQUIRE(reading.end.has_value());
  CHECK(reading.items.empty());
}

TEST_CASE("messages without an id are dropped, entries that tell of events have no content") {
  const Bytes stub_key = base::concat(number_field(2, 1), text_field(3, "STUB"));
  const Bytes stub =
      bytes_field(2, bytes_field(1, base::concat(bytes_field(1, stub_key), number_field(24, 27))));
  const Reading reading = read(chunk(conversation(kAnn, message("", 1), bytes_field(2, {}), stub)));
  REQUIRE(reading.end.has_value());
  CHECK(reading.end->nameless == 2);
  REQUIRE(reading.messages.size() == 1);
  CHECK(reading.messages.front().id == "STUB");
  CHECK(reading.messages.front().from_me);
  CHECK_FALSE(reading.messages.front().content.has_value());
}

TEST_CASE("messages may come before the id of their conversation, up to a bound") {
  Bytes fields = base::concat(message("A", 2), message("B", 1));
  const auto late = [&] {
    return chunk(bytes_field(2, base::concat(fields, text_field(1, kAnn), message("C", 0))));
  };
  const Reading reading = read(late());
  REQUIRE(reading.end.has_value());
  CHECK(reading.items ==
        std::vector<std::string>{"message 123@s.whatsapp.net A", "message 123@s.whatsapp.net B",
                                 "message 123@s.whatsapp.net C", "conversation 123@s.whatsapp.net"});
  fields.clear();
  for (int i = 0; i < 1024; ++i) base::append(fields, message("M", 1));
  CHECK(read(late()).messages.size() == 1025);
  base::append(fields, message("M", 1));
  CHECK(failure(read(late())) == ErrorCode::kLimit);

  fields = message("A", 1, text_field(19, std::string(1000, 'n')));
  CHECK(failure(read(late(), {.latest = kNow, .limits = {.parked_bytes = 1000}})) == ErrorCode::kLimit);
}

TEST_CASE("a chunk without a type and a conversation without an id are refused") {
  CHECK(failure(read({})) == ErrorCode::kMalformed);
  CHECK(failure(read(conversation(kAnn))) == ErrorCode::kMalformed);
  CHECK(failure(read(chunk(bytes_field(2, message("A", 1))))) == ErrorCode::kMalformed);
  CHECK(failure(read(chunk(conversation("")))) == ErrorCode::kMalformed);
}

TEST_CASE("a chunk that ends early or breaks the rules anywhere is refused") {
  const Bytes whole = chunk(conversation(kAnn, message("A", 1), number_field(6, 1)), number_field(6, 40));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const bool at_border = size == 2 || size == whole.size() - 2;
    REQUIRE(read(ByteView{whole}.first(size)).end.has_value() == at_border);
  }
  CHECK(failure(read(chunk(conversation(kAnn, Bytes{0x00})))) == ErrorCode::kMalformed);
  CHECK(failure(read(chunk(conversation(kAnn, bytes_field(2, Bytes{0x0a, 0x7f}))))) == ErrorCode::kMalformed);
  CHECK(failure(read(chunk(conversation(kAnn, base::concat(tag(900, 2), varint(5), Bytes(2)))))) ==
        ErrorCode::kMalformed);
  CHECK(failure(read(chunk(bytes_field(7, Bytes{0x0a, 0x7f})))) == ErrorCode::kMalformed);
}

TEST_CASE("a damaged checksum is noticed before the end is told") {
  Bytes compressed = deflated(chunk(conversation(kAnn, message("A", 1))));
  compressed.back() ^= 1;
  MemorySource source{compressed};
  const Reading reading = read_source(source, {.latest = kNow});
  CHECK(failure(reading) == ErrorCode::kMalformed);
}

TEST_CASE("records over their limits are refused") {
  const HistoryOptions narrow{.latest = kNow,
                              .limits = {.message_bytes = 200, .record_bytes = 100, .header_bytes = 300}};
  const std::string long_text(500, 'x');
  CHECK(read(chunk(conversation(kAnn, message("A", 1))), narrow).end.has_value());
  CHECK(failure(read(chunk(conversation(kAnn, message("A", 1, text_field(19, long_text)))), narrow)) ==
        ErrorCode::kLimit);
  CHECK(failure(read(chunk(push_name(kAnn, long_text)), narrow)) == ErrorCode::kLimit);
  CHECK(failure(read(chunk(conversation(kAnn, text_field(13, long_text))), narrow)) == ErrorCode::kLimit);
  CHECK(failure(read(chunk(text_field(16, long_text)), narrow)) == ErrorCode::kLimit);
  CHECK(read(chunk(text_field(900, long_text), conversation(kAnn, text_field(901, long_text))), narrow)
            .end.has_value());
}

TEST_CASE("the direction is found out, and with it which message of a second is the oldest") {
  const auto chat = [](const Bytes& messages) {
    const Reading reading = read(chunk(conversation(kAnn, messages)));
    REQUIRE(reading.conversations.size() == 1);
    return reading.conversations.front();
  };
  const auto newest_first =
      chat(base::concat(message("D", 30), message("C", 30), message("B", 10), message("A", 10)));
  CHECK(newest_first.order == MessageOrder::kNewestFirst);
  CHECK(newest_first.newest.value().id == "D");
  CHECK(newest_first.oldest.value().id == "A");
  CHECK(newest_first.oldest->timestamp == 10);
  const auto oldest_first =
      chat(base::concat(message("A", 10), message("B", 10), message("C", 30), message("D", 30)));
  CHECK(oldest_first.order == MessageOrder::kOldestFirst);
  CHECK(oldest_first.newest.value().id == "D");
  CHECK(oldest_first.oldest.value().id == "A");
  const auto one_second = chat(base::concat(message("B", 10), message("A", 10)));
  CHECK(one_second.order == MessageOrder::kUnknown);
  CHECK(one_second.oldest.value().id == "A");
  CHECK_FALSE(chat(message("A", 0)).oldest.has_value());
}

TEST_CASE("a message from the far future is set to the latest time there can be") {
  const Reading reading = read(chunk(conversation(kAnn, message("A", 4'000'000'000),
                                                  message("B", ~std::uint64_t{0}), message("C", kNow - 5))));
  REQUIRE(reading.messages.size() == 3);
  CHECK(reading.messages[0].timestamp == kNow);
  CHECK(reading.messages[1].timestamp == kNow);
  CHECK(reading.messages[2].timestamp == kNow - 5);
}

TEST_CASE("the number behind a LID chat is guessed from who received our messages in it") {
  const Bytes key = base::concat(number_field(2, 1), text_field(3, "A"));
  const Bytes info = base::concat(bytes_field(1, key), bytes_field(40, text_field(1, "5@s.whatsapp.net")));
  const Bytes ours = bytes_field(2, bytes_field(1, info));
  CHECK(read(chunk(conversation("7@lid", ours))).conversations.front().likely_pn == "5@s.whatsapp.net");
  CHECK(read(chunk(conversation(kAnn, ours))).conversations.front().likely_pn.empty());
  CHECK(read(chunk(conversation("7@lid", ours, text_field(39, "6@s.whatsapp.net"))))
            .conversations.front()
            .likely_pn.empty());
}

TEST_CASE("messages can be passed over unread, for a first look at mappings") {
  const Bytes bytes =
      chunk(conversation(kAnn, message("A", 1), bytes_field(2, Bytes{0xff})), mapping("5@c.us", "6@lid"));
  const Reading reading = read(bytes, {.latest = kNow, .scope = HistoryScope::kWithoutMessages});
  REQUIRE(reading.end.has_value());
  CHECK(reading.items == std::vector<std::string>{"conversation 123@s.whatsapp.net", "mapping 5@c.us 6@lid"});
  CHECK(reading.end->messages == 2);
}

TEST_CASE("however a chunk is damaged, it is read to an end or refused") {
  const Bytes whole =
      chunk(conversation(kAnn, message("A", 20), text_field(13, "name"), message("B", 10), unknown_fields()),
            push_name(kAnn, "Ann"), mapping("5@c.us", "6@lid"), unknown_fields(),
            bytes_field(8, number_field(20, 1)), number_field(6, 40));
  base::SeededRandom random{5};
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    Bytes damaged = whole;
    for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips)
      damaged[random.below(damaged.size())] = static_cast<std::uint8_t>(random.below(256));
    if (random.below(4) == 0) damaged.resize(random.below(damaged.size()));
    const Reading reading = read(damaged);
    REQUIRE(reading.end.has_value() != reading.error.has_value());
    if (reading.error) {
      ++refused;
      REQUIRE(reading.error->code == ErrorCode::kMalformed);
    }
  }
  CHECK(refused > 500);
}
