// The contract of DeviceStore, against every implementation. "Resting" closes its file before each call.
#include "whatsapp/store/device_store.h"

#include <doctest/doctest.h>

#include "sample_rows.h"
#include "temporary_folder.h"
#include "whatsapp/store/memory_device_store.h"
#include "whatsapp/store/retention.h"
#include "whatsapp/store/sqlite_device_store.h"

using namespace whatsapp;
using base::Bytes;
using samples::address;
using store::Changes;
using store::DeviceStore;
using store::OutboundRow;
using Upload = store::PreKeyRow::Upload;

namespace {

struct InMemory {
  store::MemoryDeviceStore memory;
  DeviceStore& operator*() { return memory; }
  DeviceStore* operator->() { return &memory; }
};

struct InSqlite {
  TemporaryFolder folder;
  std::unique_ptr<store::SqliteDeviceStore> sqlite = store::SqliteDeviceStore::open({folder.path()}).value();
  DeviceStore* operator->() { return sqlite.get(); }
};

struct Resting : InSqlite {
  DeviceStore* operator->() {
    sqlite->rest();
    return sqlite.get();
  }
};

/// The one change of a batch: commit_one(store, &Changes::values, {"a", Bytes{1}}).
template <class Store, class T>
void commit_one(Store& store, std::vector<T> Changes::*member, T row) {
  Changes changes;
  (changes.*member).push_back(std::move(row));
  REQUIRE(store->commit(changes));
}

}  // namespace

#define EVERY_STORE InMemory, InSqlite, Resting

TEST_CASE_TEMPLATE("a new store knows nothing", Store, EVERY_STORE) {
  Store store;
  CHECK_FALSE(store->credentials().value().has_value());
  CHECK_FALSE(store->session(address("1")).value().has_value());
  CHECK_FALSE(store->identity(address("1")).value().has_value());
  CHECK_FALSE(store->pre_key(1).value().has_value());
  CHECK(store->pending_pre_keys(10).value().empty());
  CHECK(store->confirmed_pre_key_count().value() == 0);
  CHECK_FALSE(store->lid_of("1").value().has_value());
  CHECK_FALSE(store->device_list("1@lid").value().has_value());
  CHECK_FALSE(store->seen("a", "b", "c").value());
  CHECK(store->unmarked_outbound().value().empty());
  CHECK(store->inbound_page(0, 10).value().empty());
  CHECK(store->inbound_backlog().value().rows == 0);
  CHECK_FALSE(store->value("x").value().has_value());
}

TEST_CASE_TEMPLATE("credentials come back whole, unlinked, linked and unlinked again", Store, EVERY_STORE) {
  Store store;
  Changes changes;
  changes.credentials = samples::credentials();
  REQUIRE(store->commit(changes));
  auto read = store->credentials().value().value();
  const auto wrote = samples::credentials();
  CHECK(read.noise.private_key == wrote.noise.private_key);
  CHECK(read.noise.public_key == wrote.noise.public_key);
  CHECK(read.identity.private_key == wrote.identity.private_key);
  CHECK(read.identity.public_key == wrote.identity.public_key);
  CHECK(read.registration_id == 4711);
  CHECK(read.signed_pre_key.id == 7);
  CHECK(read.signed_pre_key.keys.private_key == wrote.signed_pre_key.keys.private_key);
  CHECK(read.signed_pre_key.signature == wrote.signed_pre_key.signature);
  CHECK(read.signed_pre_key.created_at == 1'760'000'001);
  CHECK(read.adv_secret == wrote.adv_secret);
  CHECK(read.next_pre_key_id == 813);
  CHECK(read.login_count == 3);
  CHECK(read.routing_info == Bytes{8, 2, 8, 5});
  CHECK_FALSE(read.paired.has_value());

  changes.credentials->paired = samples::paired();
  REQUIRE(store->commit(changes));
  const auto paired = store->credentials().value().value().paired.value();
  CHECK(paired.pn == samples::paired().pn);
  CHECK(paired.lid == samples::paired().lid);
  CHECK(paired.account_identity == Bytes{1, 2, 0, 3});
  CHECK(paired.platform == "android");
  CHECK(paired.business_name == "Padaria São José");
  CHECK(paired.push_name == "Zé");
  CHECK(paired.paired_at == 1'760'000'002);

  changes.credentials->paired->lid = {};
  REQUIRE(store->commit(changes));
  CHECK(store->credentials().value().value().paired.value().lid.user().empty());

  changes.credentials->paired.reset();
  REQUIRE(store->commit(changes));
  CHECK_FALSE(store->credentials().value().value().paired.has_value());
}

TEST_CASE_TEMPLATE("sessions are kept per user, domain and device", Store, EVERY_STORE) {
  Store store;
  const auto lid = address("55", 3), pn = address("55", 3, signal::Domain::kPn), other = address("55", 0);
  Changes changes;
  changes.sessions = {{lid, Bytes{1}}, {pn, Bytes{2}}, {other, Bytes{}}, {lid, Bytes{3}}};
  REQUIRE(store->commit(changes));
  CHECK(store->session(lid).value() == Bytes{3});  // the last put wins
  CHECK(store->session(pn).value() == Bytes{2});
  CHECK(store->session(other).value() == Bytes{});  // empty is not absent

  const std::vector asked = {pn, address("56"), lid};
  const auto several = store->sessions(asked).value();
  REQUIRE(several.size() == 3);
  CHECK(several[0] == Bytes{2});
  CHECK_FALSE(several[1].has_value());
  CHECK(several[2] == Bytes{3});
  CHECK(store->session_addresses("55", signal::Domain::kLid).value() == std::vector{other, lid});

  commit_one(store, &Changes::sessions, {lid, std::optional<Bytes>{}});
  CHECK_FALSE(store->session(lid).value().has_value());
  CHECK(store->session_addresses("55", signal::Domain::kLid).value() == std::vector{other});
}

TEST_CASE_TEMPLATE("identities and sender keys are put, replaced and deleted", Store, EVERY_STORE) {
  Store store;
  const auto who = address("55", 3);
  Changes changes;
  changes.identities = {{who, store::IdentityRow{{9, 8, 7}, 5}}};
  changes.sender_keys = {{{"1203@g.us", who}, Bytes{1}}, {{"status@broadcast", who}, Bytes{2}}};
  REQUIRE(store->commit(changes));
  CHECK(store->identity(who).value().value().key == crypto::PublicKey{9, 8, 7});
  CHECK(store->identity(who).value().value().updated_at == 5);
  CHECK(store->sender_key("1203@g.us", who).value() == Bytes{1});
  CHECK(store->sender_key("status@broadcast", who).value() == Bytes{2});
  CHECK_FALSE(store->sender_key("1203@g.us", address("55", 4)).value().has_value());

  changes = {};
  changes.identities = {{who, std::nullopt}};
  changes.sender_keys = {{{"1203@g.us", who}, std::nullopt}, {{"status@broadcast", who}, Bytes{4}}};
  REQUIRE(store->commit(changes));
  CHECK_FALSE(store->identity(who).value().has_value());
  CHECK_FALSE(store->sender_key("1203@g.us", who).value().has_value());
  CHECK(store->sender_key("status@broadcast", who).value() == Bytes{4});
}

TEST_CASE_TEMPLATE("a pre-key is pending, then confirmed, then used up", Store, EVERY_STORE) {
  Store store;
  Changes changes;
  changes.pre_keys = {samples::pre_key(3), samples::pre_key(1), samples::pre_key(2),
                      samples::pre_key(9, Upload::kHandedOutDirectly)};
  REQUIRE(store->commit(changes));
  const auto pending = store->pending_pre_keys(2).value();
  REQUIRE(pending.size() == 2);
  CHECK(pending[0].key.id == 1);
  CHECK(pending[1].key.id == 2);
  CHECK(pending[0].key.keys.private_key == samples::pre_key(1).key.keys.private_key);
  CHECK(pending[0].key.keys.public_key == samples::pre_key(1).key.keys.public_key);
  CHECK(store->confirmed_pre_key_count().value() == 1);

  changes = {};
  changes.pre_keys_confirmed = {1, 2, 9, 77};
  REQUIRE(store->commit(changes));
  CHECK(store->confirmed_pre_key_count().value() == 3);
  CHECK(store->pre_key(1).value().value().upload == Upload::kConfirmed);
  CHECK(store->pre_key(9).value().value().upload == Upload::kHandedOutDirectly);
  CHECK(store->pending_pre_keys(10).value().size() == 1);

  changes = {};
  changes.pre_keys_used = {1, 9};
  REQUIRE(store->commit(changes));
  CHECK_FALSE(store->pre_key(1).value().has_value());
  CHECK(store->confirmed_pre_key_count().value() == 1);
}

TEST_CASE_TEMPLATE("signed pre-keys stay by id", Store, EVERY_STORE) {
  Store store;
  auto second = samples::credentials().signed_pre_key;
  second.id = 8;
  Changes changes;
  changes.signed_pre_keys = {samples::credentials().signed_pre_key, second};
  REQUIRE(store->commit(changes));
  CHECK(store->signed_pre_key(7).value().value().signature == second.signature);
  CHECK(store->signed_pre_key(8).value().value().created_at == second.created_at);
  CHECK_FALSE(store->signed_pre_key(9).value().has_value());
}

TEST_CASE_TEMPLATE("a new LID mapping replaces both stale directions", Store, EVERY_STORE) {
  Store store;
  commit_one(store, &Changes::lid_mappings, {"551", "111"});
  commit_one(store, &Changes::lid_mappings, {"552", "222"});
  CHECK(store->lid_of("551").value() == "111");
  CHECK(store->pn_of("222").value() == "552");

  commit_one(store, &Changes::lid_mappings, {"551", "222"});
  CHECK(store->lid_of("551").value() == "222");
  CHECK(store->pn_of("222").value() == "551");
  CHECK_FALSE(store->pn_of("111").value().has_value());
  CHECK_FALSE(store->lid_of("552").value().has_value());
}

TEST_CASE_TEMPLATE("device lists are put, dropped one by one and all at once", Store, EVERY_STORE) {
  Store store;
  Changes changes;
  changes.device_lists = {{"1@lid", {{0, 0, false}, {65535, 4'000'000'000, true}}, 99}, {"2@lid", {}, 98}};
  REQUIRE(store->commit(changes));
  const auto list = store->device_list("1@lid").value().value();
  REQUIRE(list.devices.size() == 2);
  CHECK(list.user == "1@lid");
  CHECK(list.fetched_at == 99);
  CHECK(list.devices[1].id == 65535);
  CHECK(list.devices[1].key_index == 4'000'000'000);
  CHECK(list.devices[1].hosted);
  CHECK_FALSE(list.devices[0].hosted);
  CHECK(store->device_list("2@lid").value().value().devices.empty());

  changes = {};
  changes.device_lists_dropped = {"1@lid"};
  REQUIRE(store->commit(changes));
  CHECK_FALSE(store->device_list("1@lid").value().has_value());
  CHECK(store->device_list("2@lid").value().has_value());

  changes = {};
  changes.all_device_lists_dropped = true;
  changes.device_lists = {{"3@lid", {}, 1}};
  REQUIRE(store->commit(changes));
  CHECK_FALSE(store->device_list("2@lid").value().has_value());
  CHECK(store->device_list("3@lid").value().has_value());
}

TEST_CASE_TEMPLATE("sent messages, seen messages, counters and values come back", Store, EVERY_STORE) {
  Store store;
  Changes changes;
  changes.sent_messages = {{"1@lid", "ID1", {1, 0, 2}, "text", "7", 50}};
  changes.seen_messages = {{"1203@g.us", "1@lid", "X", 51}};
  changes.retry_counters = {{"out|1|ID1|3", 4, {5, 5}, 52}};
  changes.values = {{"sync", Bytes{1}}, {"empty", Bytes{}}, {"gone", Bytes{2}}, {"gone", std::nullopt}};
  REQUIRE(store->commit(changes));

  const auto sent = store->sent_message("ID1").value().value();
  CHECK(sent.chat == "1@lid");
  CHECK(sent.payload == Bytes{1, 0, 2});
  CHECK(sent.type == "text");
  CHECK(sent.edit == "7");
  CHECK(sent.sent_at == 50);
  CHECK(store->seen("1203@g.us", "1@lid", "X").value());
  CHECK_FALSE(store->seen("1203@g.us", "2@lid", "X").value());  // another sender's id is another message
  const auto counter = store->retry_counter("out|1|ID1|3").value().value();
  CHECK(counter.count == 4);
  CHECK(counter.base_key == Bytes{5, 5});
  CHECK(counter.updated_at == 52);
  CHECK(store->value("sync").value() == Bytes{1});
  CHECK(store->value("empty").value() == Bytes{});
  CHECK_FALSE(store->value("gone").value().has_value());
}

TEST_CASE_TEMPLATE("the journal lists what is not marked in queue order", Store, EVERY_STORE) {
  Store store;
  Changes changes;
  changes.outbound = {samples::outbound("c", 3), samples::outbound("a", 1), samples::outbound("b", 2)};
  REQUIRE(store->commit(changes));
  auto rows = store->unmarked_outbound().value();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].queue_id == "a");
  CHECK(rows[1].queue_id == "b");
  CHECK(rows[2].queue_id == "c");
  const auto expected = samples::outbound("a", 1);
  CHECK(rows[0].wa_message_id == expected.wa_message_id);
  CHECK(rows[0].to_original == expected.to_original);
  CHECK(rows[0].to_normalized == expected.to_normalized);
  CHECK(rows[0].payload == expected.payload);
  CHECK(rows[0].stanza == expected.stanza);
  CHECK(rows[0].debug == expected.debug);
  CHECK(rows[0].updated_at == expected.updated_at);

  auto marked = samples::outbound("b", 2, OutboundRow::State::kMarked);
  marked.error = "expired";
  commit_one(store, &Changes::outbound, marked);
  CHECK(store->unmarked_outbound().value().size() == 2);
  CHECK(store->outbound("b").value().value().state == OutboundRow::State::kMarked);
  CHECK(store->outbound_by_message_id("3EB0b").value().value().error == "expired");
  CHECK_FALSE(store->outbound("z").value().has_value());
}

TEST_CASE_TEMPLATE("the spool counts up, never reuses a sequence and knows its size", Store, EVERY_STORE) {
  Store store;
  Changes changes;
  changes.inbound = {samples::inbound("a", "1"), samples::inbound("b", "2"), samples::inbound("a", "3")};
  REQUIRE(store->commit(changes));
  auto page = store->inbound_page(0, 2).value();
  REQUIRE(page.size() == 2);
  CHECK(page[0].message_id == "1");
  CHECK(page[0].payload == samples::inbound("a", "1").payload);
  CHECK(page[0].received_at == 1'760'000'004);
  CHECK(page[1].sequence > page[0].sequence);
  const auto last = store->inbound_page(page[1].sequence, 10).value();
  REQUIRE(last.size() == 1);
  CHECK(last[0].message_id == "3");
  CHECK(store->inbound_backlog().value().rows == 3);
  CHECK(store->inbound_backlog().value().bytes == 3 * samples::inbound("a", "1").payload.size());

  changes = {};
  changes.inbound_delivered = {page[0].sequence, page[1].sequence, last[0].sequence};
  REQUIRE(store->commit(changes));
  CHECK(store->inbound_backlog().value().rows == 0);
  commit_one(store, &Changes::inbound, samples::inbound("a", "4"));
  CHECK(store->inbound_page(0, 10).value().at(0).sequence > last[0].sequence);
}

TEST_CASE_TEMPLATE("records are kept by kind and key, listed in order, dropped one by one or by kind", Store,
                   EVERY_STORE) {
  Store store;
  Changes changes;
  changes.records = {{"group", "b", Bytes{2}, 0}, {"group", "a", Bytes{1}, 0}, {"token", "a", Bytes{3}, 0}};
  REQUIRE(store->commit(changes));
  CHECK(store->record("group", "a").value() == Bytes{1});
  CHECK(store->record("group", "c").value() == std::nullopt);
  CHECK(store->record_count("group").value() == 2);
  const auto page = store->records("group", "", 10).value();
  REQUIRE(page.size() == 2);
  CHECK(page[0].key == "a");
  CHECK(page[1].value == Bytes{2});
  CHECK(store->records("group", "a", 1).value().at(0).key == "b");

  commit_one(store, &Changes::records_dropped, store::RecordName{"group", "a"});
  CHECK(store->record_count("group").value() == 1);
  commit_one(store, &Changes::records_dropped, store::RecordName{"group", ""});
  CHECK(store->record_count("group").value() == 0);
  CHECK(store->record("token", "a").value() == Bytes{3});
}

TEST_CASE_TEMPLATE("records go with the link or on their date, events stay until delivered", Store,
                   EVERY_STORE) {
  Store store;
  Changes changes;
  changes.records = {{"token", "old", Bytes{1}, 1'000}, {"token", "ever", Bytes{2}, 0}};
  changes.events = {{0, "{\"id\":1}", 5}, {0, "{\"id\":2}", 6}};
  REQUIRE(store->commit(changes));
  REQUIRE(store->purge(1'001));
  CHECK(store->record("token", "old").value() == std::nullopt);
  CHECK(store->record("token", "ever").value() == Bytes{2});
  REQUIRE(store->forget_link(std::nullopt));
  CHECK(store->record_count("token").value() == 0);
  const auto events = store->events_page(0, 10).value();
  REQUIRE(events.size() == 2);
  CHECK(events[1].payload == "{\"id\":2}");
  commit_one(store, &Changes::events_delivered, events[0].sequence);
  CHECK(store->event_count().value() == 1);
  CHECK(store->events_page(events[0].sequence, 10).value().size() == 1);
}

TEST_CASE_TEMPLATE("purge forgets by age and leaves what is owed", Store, EVERY_STORE) {
  using namespace store::retention;
  constexpr std::int64_t kNow = 1'760'000'000;
  Store store;
  Changes changes;
  changes.seen_messages = {{"c", "s", "old", kNow - kSeenMessageLife - 1},
                           {"c", "s", "new", kNow - kSeenMessageLife}};
  changes.sent_messages = {{"c", "old", {}, "text", "", kNow - kSentMessageLife - 1},
                           {"c", "new", {}, "text", "", kNow - kSentMessageLife}};
  changes.retry_counters = {{"old", 1, {}, kNow - kRetryCounterLife - 1}, {"new", 1, {}, kNow}};
  auto old_marked = samples::outbound("old", 1, OutboundRow::State::kMarked);
  auto old_owed = samples::outbound("owed", 2, OutboundRow::State::kSent);
  auto new_marked = samples::outbound("new", 3, OutboundRow::State::kMarked);
  old_marked.updated_at = old_owed.updated_at = kNow - kMarkedOutboundLife - 1;
  new_marked.updated_at = kNow;
  changes.outbound = {old_marked, old_owed, new_marked};
  REQUIRE(store->commit(changes));
  REQUIRE(store->purge(kNow));

  CHECK_FALSE(store->seen("c", "s", "old").value());
  CHECK(store->seen("c", "s", "new").value());
  CHECK_FALSE(store->sent_message("old").value().has_value());
  CHECK(store->sent_message("new").value().has_value());
  CHECK_FALSE(store->retry_counter("old").value().has_value());
  CHECK(store->retry_counter("new").value().has_value());
  CHECK_FALSE(store->outbound("old").value().has_value());
  CHECK(store->outbound("owed").value().has_value());
  CHECK(store->outbound("new").value().has_value());
}

TEST_CASE_TEMPLATE("purge keeps no more sent messages than the bound, the newest", Store, InMemory,
                   InSqlite) {
  using namespace store::retention;
  constexpr std::int64_t kNow = 1'760'000'000;
  Store store;
  Changes changes;
  for (std::int64_t i = 0; i < kSentMessagesKept + 3; ++i)
    changes.sent_messages.push_back({"c", std::to_string(i), {}, "text", "", kNow - 100'000 + i});
  REQUIRE(store->commit(changes));
  REQUIRE(store->purge(kNow));
  CHECK_FALSE(store->sent_message("2").value().has_value());
  CHECK(store->sent_message("3").value().has_value());
  CHECK(store->sent_message(std::to_string(kSentMessagesKept + 2)).value().has_value());
}

TEST_CASE_TEMPLATE("forgetting the link keeps what is owed to the edge, without stanzas", Store,
                   EVERY_STORE) {
  Store store;
  Changes changes;
  changes.credentials = samples::credentials();
  changes.sessions = {{address("1"), Bytes{1}}};
  changes.identities = {{address("1"), store::IdentityRow{}}};
  changes.pre_keys = {samples::pre_key(1)};
  changes.sender_keys = {{{"g", address("1")}, Bytes{1}}};
  changes.lid_mappings = {{"1", "2"}};
  changes.sent_messages = {{"c", "m", {}, "text", "", 1}};
  changes.seen_messages = {{"c", "s", "i", 1}};
  changes.values = {{"v", Bytes{1}}};
  changes.outbound = {samples::outbound("q", 1, OutboundRow::State::kSending)};
  changes.inbound = {samples::inbound("c", "i")};
  REQUIRE(store->commit(changes));
  REQUIRE(store->forget_link(std::nullopt));

  CHECK_FALSE(store->credentials().value().has_value());
  CHECK_FALSE(store->session(address("1")).value().has_value());
  CHECK_FALSE(store->identity(address("1")).value().has_value());
  CHECK_FALSE(store->pre_key(1).value().has_value());
  CHECK_FALSE(store->sender_key("g", address("1")).value().has_value());
  CHECK_FALSE(store->lid_of("1").value().has_value());
  CHECK_FALSE(store->sent_message("m").value().has_value());
  CHECK_FALSE(store->seen("c", "s", "i").value());
  CHECK_FALSE(store->value("v").value().has_value());
  const auto owed = store->outbound("q").value().value();
  CHECK(owed.state == OutboundRow::State::kSending);
  CHECK(owed.stanza.empty());
  CHECK(store->inbound_backlog().value().rows == 1);
}
