#include <algorithm>

#include "edge_server/sqlite_edge_store.h"

namespace edge_server {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kMessageColumns =
    "SELECT seq, id, instance_id, direction, state, chat, sender, sender_name, kind, body, wa_id, receipt, "
    "error, error_code, payload, created_at, sent_at FROM messages ";

// The words of `state` in SQL below are these numbers; they are stored, so they never change.
static_assert(static_cast<int>(MessageState::kQueued) == 0 && static_cast<int>(MessageState::kClaimed) == 1 &&
              static_cast<int>(MessageState::kSent) == 2 && static_cast<int>(MessageState::kFailed) == 3);

Message message_row(const Statement& row) {
  Message out;
  out.seq = row.integer(0);
  out.id = row.text(1);
  out.instance_id = row.text(2);
  out.direction = row.integer(3) == 0 ? Direction::kIn : Direction::kOut;
  out.state = static_cast<MessageState>(std::clamp<std::int64_t>(row.integer(4), 0, 4));
  out.chat = row.text(5);
  out.sender = row.text(6);
  out.sender_name = row.text(7);
  out.kind = row.text(8);
  out.body = row.text(9);
  out.wa_id = row.text(10);
  out.receipt = row.text(11);
  out.error = row.text(12);
  out.error_code = row.text(13);
  out.payload_json = row.text(14);
  out.created_at = row.integer(15);
  out.sent_at = row.integer(16);
  return out;
}

Result<std::vector<Message>> all_rows(Statement& find) {
  std::vector<Message> out;
  while (find.next()) out.push_back(message_row(find));
  WA_TRY_VOID(find.result());
  return out;
}

// Names an inbound message: ids are unique only for one sender in one chat. Made of the chat as the worker
// wrote it, because what it is canonically may be learned between a message and its repetition.
std::optional<std::string> dedupe_key_of(const Message& message) {
  if (message.wa_id.empty()) return std::nullopt;
  return message.chat + '\n' + message.sender + '\n' + message.wa_id;
}

std::optional<std::string> or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

Result<void> SqliteEdgeStore::insert_message(const Message& message, const Idempotency& idempotency,
                                             const std::optional<std::string>& dedupe_key) {
  Statement add(database_,
                "INSERT INTO messages (id, instance_id, direction, state, chat, sender, sender_name, kind, "
                "body, wa_id, payload, created_at, sent_at, idempotency_key, request_hash, dedupe_key) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  add.bind(message.id, message.instance_id, message.direction == Direction::kOut ? 1 : 0,
           static_cast<int>(message.state), message.chat, message.sender, message.sender_name, message.kind,
           message.body, message.wa_id, message.payload_json, message.created_at, message.sent_at,
           or_null(idempotency.key), or_null(idempotency.request_hash), dedupe_key);
  return add.run();
}

Result<Enqueued> SqliteEdgeStore::enqueue(const Message& message, const Idempotency& idempotency) {
  const auto work = [&]() -> Result<Enqueued> {
    WA_TRY_VOID(instance(message.instance_id));
    if (!idempotency.key.empty()) {
      Statement find(database_, std::string{kMessageColumns} +
                                    "WHERE instance_id = ?1 AND idempotency_key = ?2 AND request_hash = ?3");
      if (find.bind(message.instance_id, idempotency.key, idempotency.request_hash).next())
        return Enqueued{Enqueued::How::kRepeated, message_row(find)};
      WA_TRY_VOID(find.result());
      Statement other(database_, "SELECT 1 FROM messages WHERE instance_id = ? AND idempotency_key = ?");
      if (other.bind(message.instance_id, idempotency.key).next())
        return Enqueued{Enqueued::How::kKeyReusedForAnother, {}};
    }
    Message stored = message;
    WA_TRY(stored.chat, canonical(message.instance_id, message.chat));
    WA_TRY_VOID(insert_message(stored, idempotency, std::nullopt));
    stored.seq = sqlite3_last_insert_rowid(database_.handle());
    return Enqueued{Enqueued::How::kCreated, std::move(stored)};
  };
  return in_transaction(database_, work);
}

Result<std::vector<Message>> SqliteEdgeStore::queued(std::string_view instance_id, Millis now,
                                                     std::size_t limit) {
  Statement find(database_, std::string{kMessageColumns} +
                                "WHERE instance_id = ? AND state IN (0, 1) AND lease_until <= ? "
                                "ORDER BY seq LIMIT ?");
  find.bind(instance_id, now, limit);
  return all_rows(find);
}

Result<std::vector<Message>> SqliteEdgeStore::claim(const ClaimOrder& order) {
  const auto work = [&]() -> Result<std::vector<Message>> {
    std::vector<Message> out;
    if (order.instance_ids.empty()) return out;
    // An equal share first, so that one instance's backlog does not hold up the others.
    const std::size_t share = std::max<std::size_t>(1, order.limit / order.instance_ids.size());
    for (const auto& id : order.instance_ids) {
      if (out.size() >= order.limit) break;
      WA_TRY(auto waiting, queued(id, order.now, std::min(share, order.limit - out.size())));
      std::ranges::move(waiting, std::back_inserter(out));
    }
    for (auto& message : out) {
      WA_TRY_VOID(lease(message.id, order.lease_until));
      message.state = MessageState::kClaimed;
    }
    return out;
  };
  return in_transaction(database_, work);
}

Result<void> SqliteEdgeStore::lease(std::string_view message_id, Millis until) {
  Statement lease(database_, "UPDATE messages SET state = 1, lease_until = ? WHERE id = ?");
  return lease.bind(until, message_id).run();
}

Result<void> SqliteEdgeStore::mark_sent(const SentMark& mark) {
  const auto work = [&]() -> Result<void> {
    Statement find(database_, "SELECT instance_id FROM messages WHERE id = ? AND direction = 1");
    if (!find.bind(mark.message_id).next()) {
      WA_TRY_VOID(find.result());
      return fail(ErrorCode::kNotFound, "no such message");
    }
    WA_TRY(const auto chat, canonical(find.text(0), mark.chat));
    Statement update(database_,
                     "UPDATE messages SET state = 2, wa_id = ?2, sent_at = ?3, error = '', error_code = '', "
                     "receipt = CASE WHEN receipt = '' THEN 'server' ELSE receipt END, "
                     "chat = CASE WHEN ?4 = '' THEN chat ELSE ?4 END WHERE id = ?1 AND state <> 2");
    return update.bind(mark.message_id, mark.wa_id, mark.sent_at, chat).run();
  };
  return in_transaction(database_, work);
}

Result<void> SqliteEdgeStore::mark_failed(const FailedMark& mark) {
  const auto work = [&]() -> Result<void> {
    Statement find(database_, "SELECT 1 FROM messages WHERE id = ? AND direction = 1");
    if (!find.bind(mark.message_id).next()) {
      WA_TRY_VOID(find.result());
      return fail(ErrorCode::kNotFound, "no such message");
    }
    Statement update(database_,
                     "UPDATE messages SET state = 3, error = ?2, error_code = ?3 "
                     "WHERE id = ?1 AND state IN (0, 1)");
    return update.bind(mark.message_id, mark.error, mark.error_code).run();
  };
  return in_transaction(database_, work);
}

Result<Stored> SqliteEdgeStore::add_inbound(const Message& message) {
  const auto work = [&]() -> Result<Stored> {
    WA_TRY_VOID(instance(message.instance_id));
    Message stored = message;
    WA_TRY(stored.chat, canonical(message.instance_id, message.chat));
    const auto key = dedupe_key_of(message);
    if (key) {
      Statement find(database_, "SELECT 1 FROM messages WHERE instance_id = ? AND dedupe_key = ?");
      if (find.bind(message.instance_id, *key).next()) return Stored::kDuplicate;
      WA_TRY_VOID(find.result());
    }
    WA_TRY_VOID(insert_message(stored, {}, key));
    return Stored::kNew;
  };
  return in_transaction(database_, work);
}

Result<std::vector<Message>> SqliteEdgeStore::messages(const MessageQuery& query) {
  const bool newest_first = query.order == MessageQuery::Order::kNewestFirst;
  std::string sql{kMessageColumns};
  sql += "WHERE instance_id = ?1 ";
  if (!query.chat.empty()) sql += "AND chat = ?2 ";
  sql += newest_first ? "AND seq < ?3 ORDER BY seq DESC LIMIT ?4" : "AND seq > ?3 ORDER BY seq LIMIT ?4";
  Statement find(database_, sql);
  find.bind(query.instance_id, query.chat, query.cursor.value_or(newest_first ? INT64_MAX : 0), query.limit);
  return all_rows(find);
}

Result<std::vector<Chat>> SqliteEdgeStore::chats(std::string_view instance_id, std::size_t limit) {
  Statement find(database_, std::string{kMessageColumns} +
                                "WHERE seq IN (SELECT max(seq) FROM messages WHERE instance_id = ? "
                                "GROUP BY chat) ORDER BY seq DESC LIMIT ?");
  find.bind(instance_id, limit);
  WA_TRY(auto newest, all_rows(find));
  std::vector<Chat> out;
  for (auto& message : newest) {
    Statement name(database_,
                   "SELECT sender_name FROM messages WHERE instance_id = ? AND chat = ? AND direction = 0 "
                   "AND sender_name <> '' ORDER BY seq DESC LIMIT 1");
    // A group is not called like whoever wrote in it last.
    const bool named = !message.chat.ends_with("@g.us") && name.bind(instance_id, message.chat).next();
    std::string chat = message.chat;
    out.push_back({std::move(chat), named ? name.text(0) : std::string{}, std::move(message)});
  }
  return out;
}

Result<void> SqliteEdgeStore::put_receipt(std::string_view instance_id, std::string_view wa_id,
                                          std::string_view receipt) {
  // Position in the list is the order of receipts; a word that is not in it has position 0 and changes
  // nothing.
  Statement update(database_,
                   "UPDATE messages SET receipt = ?3 WHERE instance_id = ?1 AND wa_id = ?2 AND direction = 1 "
                   "AND instr(' server delivered read played ', ' ' || ?3 || ' ') > "
                   "instr(' server delivered read played ', ' ' || receipt || ' ')");
  return update.bind(instance_id, wa_id, receipt).run();
}

// ---- people -------------------------------------------------------------------------------------------

Result<std::string> SqliteEdgeStore::canonical(std::string_view instance_id, std::string_view jid) {
  if (!jid.ends_with("@lid")) return std::string{jid};
  WA_TRY(auto pn, pn_of(instance_id, jid));
  return pn ? *std::move(pn) : std::string{jid};
}

Result<std::string> SqliteEdgeStore::contact_id(const ContactKey& key) {
  const auto work = [&]() -> Result<std::string> {
    WA_TRY_VOID(instance(key.instance_id));
    WA_TRY(const auto jid, canonical(key.instance_id, key.jid));
    Statement put(database_,
                  "INSERT INTO contacts (id, instance_id, jid, push_name, created_at) VALUES (?, ?, ?, ?, ?) "
                  "ON CONFLICT (instance_id, jid) DO UPDATE SET push_name = "
                  "CASE WHEN excluded.push_name = '' THEN push_name ELSE excluded.push_name END");
    WA_TRY_VOID(put.bind(key.new_id, key.instance_id, jid, key.push_name, key.now).run());
    Statement find(database_, "SELECT id FROM contacts WHERE instance_id = ? AND jid = ?");
    if (find.bind(key.instance_id, jid).next()) return find.text(0);
    return fail(database_.error());
  };
  return in_transaction(database_, work);
}

Result<void> SqliteEdgeStore::learn_lid(std::string_view instance_id, const LidPair& pair) {
  const auto work = [&]() -> Result<void> {
    WA_TRY(const auto known, pn_of(instance_id, pair.lid));
    if (known == pair.pn) return {};
    WA_TRY_VOID(instance(instance_id));
    Statement put(database_, "INSERT OR REPLACE INTO lid_map (instance_id, lid, pn) VALUES (?, ?, ?)");
    WA_TRY_VOID(put.bind(instance_id, pair.lid, pair.pn).run());
    Statement chats(database_, "UPDATE messages SET chat = ?3 WHERE instance_id = ?1 AND chat = ?2");
    WA_TRY_VOID(chats.bind(instance_id, pair.lid, pair.pn).run());
    // A contact that exists under the number already stays; the LID's own is then only history.
    Statement contacts(database_,
                       "UPDATE OR IGNORE contacts SET jid = ?3 WHERE instance_id = ?1 AND jid = ?2");
    return contacts.bind(instance_id, pair.lid, pair.pn).run();
  };
  return in_transaction(database_, work);
}

Result<std::optional<std::string>> SqliteEdgeStore::pn_of(std::string_view instance_id,
                                                          std::string_view lid) {
  Statement find(database_, "SELECT pn FROM lid_map WHERE instance_id = ? AND lid = ?");
  if (find.bind(instance_id, lid).next()) return std::optional{find.text(0)};
  WA_TRY_VOID(find.result());
  return std::nullopt;
}

}  // namespace edge_server
