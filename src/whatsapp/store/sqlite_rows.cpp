#include "whatsapp/store/sqlite_rows.h"

namespace whatsapp::store::rows {
namespace {

constexpr std::size_t kPackedDevice = 7;

crypto::KeyPair key_pair(SqliteRow row, int private_column) {
  return {crypto::PrivateKey(row.fixed<32>(private_column)), row.fixed<32>(private_column + 1)};
}

binary::Jid jid(SqliteRow row, int column) {
  const auto text = row.text(column);
  if (text.empty()) return {};
  auto parsed = binary::Jid::parse(text);
  if (!parsed) row.note_malformed();
  return parsed ? *std::move(parsed) : binary::Jid{};
}

PairedDevice paired(SqliteRow row, int first) {
  return {.pn = jid(row, first + 1),
          .lid = jid(row, first + 2),
          .account_identity = row.blob(first + 3),
          .platform = row.text(first + 4),
          .business_name = row.text(first + 5),
          .push_name = row.text(first + 6),
          .paired_at = row.integer(first)};
}

template <class Enum>
Enum enumerator(SqliteRow row, int column, Enum last) {
  const std::int64_t value = row.integer(column);
  if (value < 0 || value > static_cast<std::int64_t>(last)) row.note_malformed();
  return static_cast<Enum>(value);
}

}  // namespace

DeviceCredentials credentials(SqliteRow row) {
  DeviceCredentials out;
  out.noise = key_pair(row, 0);
  out.identity = key_pair(row, 2);
  out.registration_id = row.number<std::uint32_t>(4);
  out.signed_pre_key.id = row.number<std::uint32_t>(5);
  out.signed_pre_key.keys = key_pair(row, 6);
  out.signed_pre_key.signature = row.fixed<64>(8);
  out.signed_pre_key.created_at = row.integer(9);
  out.adv_secret = base::Secret<32>(row.fixed<32>(10));
  out.next_pre_key_id = row.number<std::uint32_t>(11);
  out.login_count = row.number<std::uint32_t>(12);
  out.routing_info = row.blob(13);
  if (!row.is_null(14)) out.paired = paired(row, 14);
  return out;
}

Bytes blob(SqliteRow row) { return row.blob(0); }

std::string text(SqliteRow row) { return row.text(0); }

IdentityRow identity(SqliteRow row) { return {row.fixed<32>(0), row.integer(1)}; }

PreKeyRow pre_key(SqliteRow row) {
  return {{row.number<std::uint32_t>(0), key_pair(row, 1)},
          enumerator(row, 3, PreKeyRow::Upload::kHandedOutDirectly)};
}

signal::SignedPreKey signed_pre_key(SqliteRow row) {
  return {row.number<std::uint32_t>(0), key_pair(row, 1), row.fixed<64>(3), row.integer(4)};
}

DeviceListRow device_list(SqliteRow row) {
  DeviceListRow out{row.text(0), {}, row.integer(2)};
  const ByteView packed = row.blob_view(1);
  if (packed.size() % kPackedDevice != 0) row.note_malformed();
  for (std::size_t at = 0; at + kPackedDevice <= packed.size(); at += kPackedDevice)
    out.devices.push_back({static_cast<std::uint16_t>(base::read_big_endian(packed.subspan(at, 2))),
                           static_cast<std::uint32_t>(base::read_big_endian(packed.subspan(at + 2, 4))),
                           packed[at + 6] != 0});
  return out;
}

Bytes pack_devices(const std::vector<DeviceListRow::Device>& devices) {
  Bytes out;
  out.reserve(devices.size() * kPackedDevice);
  for (const auto& device : devices) {
    base::append(out, base::big_endian<2>(device.id));
    base::append(out, base::big_endian<4>(device.key_index));
    out.push_back(device.hosted ? 1 : 0);
  }
  return out;
}

SentMessageRow sent_message(SqliteRow row) {
  return {row.text(0), row.text(1), row.blob(2), row.text(3), row.text(4), row.integer(5)};
}

RetryCounter retry_counter(SqliteRow row) {
  return {row.text(0), row.number<std::uint32_t>(1), row.blob(2), row.integer(3)};
}

OutboundRow outbound(SqliteRow row) {
  return {.queue_id = row.text(0),
          .wa_message_id = row.text(1),
          .state = enumerator(row, 2, OutboundRow::State::kUnmarkable),
          .to_original = row.text(3),
          .to_normalized = row.text(4),
          .payload = row.text(5),
          .stanza = row.blob(6),
          .error = row.text(7),
          .debug = row.text(8),
          .order = row.integer(9),
          .updated_at = row.integer(10)};
}

InboundRow inbound(SqliteRow row) {
  return {row.integer(0), row.text(1), row.text(2), row.text(3), row.integer(4)};
}

EventRow event(SqliteRow row) { return {row.integer(0), row.text(1), row.integer(2)}; }

RecordRow record(SqliteRow row) { return {row.text(0), row.text(1), row.blob(2), row.integer(3)}; }

std::uint64_t count(SqliteRow row) { return row.number<std::uint64_t>(0); }

}  // namespace whatsapp::store::rows
