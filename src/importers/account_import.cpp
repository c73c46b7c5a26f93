#include "importers/account_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "importers/baileys_creds.h"
#include "importers/baileys_json.h"
#include "importers/baileys_sender_key.h"
#include "importers/baileys_session.h"
#include "importers/lid_table.h"
#include "importers/small_records.h"

namespace importers {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::signal::Address;
using whatsapp::signal::Domain;
using whatsapp::store::Changes;

constexpr std::size_t kBatch = 500;
constexpr std::size_t kMaxWarnings = 20;
constexpr std::size_t kLidDigits = 14;  // numbers are shorter

/// Whether an error is about the record's own bytes, so that leaving it out makes sense.
bool is_damage(const base::Error& error) {
  return error.code == ErrorCode::kMalformed || error.code == ErrorCode::kLimit ||
         error.code == ErrorCode::kCrypto;
}

class Import {
 public:
  Import(RecordSource& source, const ImportSettings& settings, const ChangesSink& sink)
      : source_(source), settings_(settings), sink_(sink) {}

  Result<ImportReport> run() {
    WA_TRY_VOID(take_creds());
    WA_TRY_VOID(take_lid_mappings());
    WA_TRY_VOID(take_pre_keys());
    WA_TRY_VOID(take_conversations());
    WA_TRY_VOID(take_sender_keys());
    WA_TRY_VOID(take_app_state_keys());
    WA_TRY_VOID(take_privacy_tokens());
    note_left_out();
    WA_TRY_VOID(flush());
    WA_TRY_VOID(source_.check_unchanged());
    return std::move(report_);
  }

 private:
  /// A name and the address it stands for once numbers have become LIDs.
  struct Placed {
    Address address;
    std::string group;   // sender keys only
    bool moved = false;  // stood under a number; what stands under the LID itself comes first
    std::string id;
    auto operator<=>(const Placed&) const = default;
  };

  Result<void> take_creds() {
    WA_TRY(const std::string text, source_.read({Category::kCreds, {}}));
    WA_TRY(creds_, read_creds(text, settings_.now));
    const auto& paired = *creds_.device.paired;
    report_.own_jid = paired.pn.to_string();
    report_.own_lid = creds_.knows_lid ? paired.lid.to_string() : std::string{};
    report_.platform = paired.platform;
    report_.key_index = creds_.key_index;
    report_.linked_at = paired.paired_at;
    report_.generation = generation();
    report_.ignored_files = source_.ignored();
    report_.of(Category::kCreds).taken = 1;
    batch_.signed_pre_keys.push_back(creds_.device.signed_pre_key);
    return {};
  }

  Generation generation() {
    const auto has_lid = [](const std::string& id) { return id.find("_1.") != std::string::npos; };
    const bool v7 = !source_.ids(Category::kLidMapping).empty() ||
                    !source_.ids(Category::kDeviceList).empty() ||
                    std::ranges::any_of(source_.ids(Category::kSession), has_lid);
    return v7 ? Generation::kV7 : Generation::kV6;
  }

  /// Calls take(id, text) for every record of a category. `take` fails with what is wrong with the text.
  template <class Take>
  Result<void> each(Category category, const Take& take) {
    for (const std::string& id : source_.ids(category)) WA_TRY_VOID(one({category, id}, take));
    return {};
  }

  template <class Take>
  Result<void> one(const RecordId& record, const Take& take) {
    auto text = source_.read(record);
    const Result<void> taken = text ? take(record.id, *text) : Result<void>{std::unexpected(text.error())};
    if (taken) {
      ++report_.of(record.category).taken;
      return flush_when_full();
    }
    if (!is_damage(taken.error())) return taken;
    const std::string sentence = file_of_record(record) + ": " + taken.error().message;
    if (settings_.damaged == DamagedRecords::kRefuse) return fail(taken.error().code, sentence);
    leave_out(record.category, sentence);
    return {};
  }

  void leave_out(Category category, std::string why) {
    ++report_.of(category).left_out;
    report_.warn(std::move(why) + "; left out");
  }

  // ---- addresses ------------------------------------------------------------------------------------

  Result<void> take_lid_mappings() {
    const auto& paired = *creds_.device.paired;
    const std::string own_pn{paired.pn.user()};
    if (creds_.knows_lid) lids_.add(own_pn, std::string{paired.lid.user()});
    // The forward files first: where the two directions differ, they are right.
    WA_TRY_VOID(
        each(Category::kLidMapping, [&](const std::string& id, const std::string& text) -> Result<void> {
          return take_lid_mapping(id, text, MappingDirection::kForward);
        }));
    for (const std::string& id : source_.ids(Category::kLidMapping)) {
      if (mapping_direction(id) != MappingDirection::kReverse) continue;
      const auto text = source_.read({Category::kLidMapping, id});
      if (text) (void)take_lid_mapping(id, *text, MappingDirection::kReverse);
    }
    batch_.lid_mappings = lids_.mappings();
    return {};
  }

  Result<void> take_lid_mapping(const std::string& id, const std::string& text, MappingDirection wanted) {
    WA_TRY(const auto pair, read_lid_mapping(id, text));
    if (mapping_direction(id) != wanted) return {};
    const bool fits = lids_.add(pair.pn_user, pair.lid_user);
    if (!fits && creds_.knows_lid && pair.pn_user == creds_.device.paired->pn.user())
      return fail(ErrorCode::kConflict, file_of_record({Category::kLidMapping, id}) +
                                            ": it names another LID for this account than creds.json: the "
                                            "folder is mixed from two accounts");
    return {};
  }

  [[nodiscard]] bool is_own_user(const Address& address) const {
    const auto& paired = *creds_.device.paired;
    return address.user == paired.pn.user() || (creds_.knows_lid && address.user == paired.lid.user());
  }
  [[nodiscard]] bool is_own_device(const Address& address) const {
    return is_own_user(address) && address.device == creds_.device.paired->pn.device();
  }

  // ---- keys -----------------------------------------------------------------------------------------

  Result<void> take_pre_keys() {
    std::uint32_t highest = 0;
    WA_TRY_VOID(each(Category::kPreKey, [&](const std::string& id, const std::string& text) -> Result<void> {
      WA_TRY(auto key, read_pre_key(id, text));
      using Upload = whatsapp::store::PreKeyRow::Upload;
      highest = std::max(highest, key.id);
      const Upload upload = key.id < creds_.first_not_uploaded ? Upload::kConfirmed : Upload::kPending;
      batch_.pre_keys.push_back({std::move(key), upload});
      return {};
    }));
    auto& device = creds_.device;
    if (highest >= device.next_pre_key_id)
      device.next_pre_key_id = whatsapp::signal::next_pre_key_id(highest);
    batch_.credentials = device;
    return {};
  }

  Result<void> take_app_state_keys() {
    return each(Category::kAppStateKey, [&](const std::string& id, const std::string& text) -> Result<void> {
      WA_TRY(auto record, read_app_state_key(id, text));
      if (record) batch_.records.push_back(*std::move(record));
      return {};
    });
  }

  Result<void> take_privacy_tokens() {
    return each(Category::kTrustedContactToken,
                [&](const std::string& id, const std::string& text) -> Result<void> {
                  WA_TRY(auto record, read_privacy_token(id, text, settings_.now));
                  if (record) batch_.records.push_back(*std::move(record));
                  return {};
                });
  }

  // ---- sessions and identities ----------------------------------------------------------------------

  std::vector<Placed> place(Category category) const {
    std::vector<Placed> placed;
    placed.reserve(source_.ids(category).size());
    for (const std::string& id : source_.ids(category)) {
      const auto address = parse_address(id);
      if (!address || is_own_device(*address)) continue;
      Address canonical = lids_.canonical(*address);
      const bool moved = canonical != *address;
      placed.push_back({std::move(canonical), {}, moved, id});
    }
    std::ranges::sort(placed);
    return placed;
  }

  /// Both lists are walked side by side, address by address.
  Result<void> take_conversations() {
    const std::vector<Placed> sessions = place(Category::kSession);
    const std::vector<Placed> identities = place(Category::kIdentityKey);
    auto session = sessions.begin();
    auto identity = identities.begin();
    while (session != sessions.end() || identity != identities.end()) {
      const bool by_session = session != sessions.end() &&
                              (identity == identities.end() || session->address <= identity->address);
      const Address address = by_session ? session->address : identity->address;
      const auto identities_begin = identity;
      while (identity != identities.end() && identity->address == address) ++identity;
      const auto sessions_begin = session;
      while (session != sessions.end() && session->address == address) ++session;
      WA_TRY_VOID(take_peer(address, {identities_begin, identity}, {sessions_begin, session}));
    }
    return {};
  }

  Result<void> take_peer(const Address& address, std::span<const Placed> identities,
                         std::span<const Placed> sessions) {
    std::optional<crypto::PublicKey> identity;
    for (const Placed& placed : identities)
      WA_TRY_VOID(one({Category::kIdentityKey, placed.id},
                      [&](const std::string&, const std::string& text) -> Result<void> {
                        WA_TRY(const auto key, read_identity_key(text));
                        if (!identity) identity = key;
                        return {};
                      }));
    const std::optional<crypto::PublicKey> from_file = identity;
    whatsapp::signal::SessionRecord record;
    for (const Placed& placed : sessions)
      WA_TRY_VOID(one(
          {Category::kSession, placed.id}, [&](const std::string&, const std::string& text) -> Result<void> {
            WA_TRY(const auto session, read_session(text, local()));
            if (session.unusable_states > 0)
              leave_out(Category::kSession, fmt::format("{}: {} of its states do not hold together",
                                                        file_of_record({Category::kSession, placed.id}),
                                                        session.unusable_states));
            if (!identity) identity = session.remote_identity();
            // A state of an older identity is only there to read what may still arrive.
            record.absorb(session.to_record(from_file));
            return {};
          }));
    put_peer(address, record, identity);
    return {};
  }

  void put_peer(const Address& address, const whatsapp::signal::SessionRecord& record,
                const std::optional<crypto::PublicKey>& identity) {
    std::vector<Address> places{address};
    // 6.x wrote LIDs like numbers. There is no telling which it was; the copy that nobody uses harms nobody.
    if (report_.generation == Generation::kV6 && address.domain == Domain::kPn &&
        address.user.size() >= kLidDigits)
      places.push_back({address.user, Domain::kLid, address.device});
    for (const Address& place : places) {
      if (!record.empty()) batch_.sessions.emplace_back(place, record.serialize());
      if (identity)
        batch_.identities.emplace_back(place, whatsapp::store::IdentityRow{*identity, settings_.now});
    }
  }

  [[nodiscard]] whatsapp::signal::LocalIdentity local() const {
    return {creds_.device.identity, creds_.device.registration_id};
  }

  // ---- groups ---------------------------------------------------------------------------------------

  Result<void> take_sender_keys() {
    std::vector<Placed> placed;
    for (const std::string& id : source_.ids(Category::kSenderKey)) {
      auto name = parse_sender_key_name(id);
      if (!name) continue;
      Address canonical = lids_.canonical(name->sender);
      const bool moved = canonical != name->sender;
      placed.push_back({std::move(canonical), std::move(name->group), moved, id});
    }
    std::ranges::sort(placed);
    for (auto next = placed.begin(); next != placed.end();) {
      const auto first = next;
      whatsapp::signal::SenderKeyRecord record;
      while (next != placed.end() && next->address == first->address && next->group == first->group) {
        WA_TRY_VOID(take_sender_key(*next, record));
        ++next;
      }
      if (!record.empty())
        batch_.sender_keys.emplace_back(std::pair{first->group, first->address}, record.serialize());
    }
    return {};
  }

  Result<void> take_sender_key(const Placed& placed, whatsapp::signal::SenderKeyRecord& record) {
    if (is_own_device(placed.address)) {
      ++report_.of(Category::kSenderKey).left_out;
      return {};
    }
    return one(
        {Category::kSenderKey, placed.id}, [&](const std::string&, const std::string& text) -> Result<void> {
          WA_TRY(const auto keys, read_sender_keys(text, SenderKeyOwner::kOther));
          if (keys.has_private_key && !is_own_user(placed.address))
            return fail(ErrorCode::kConflict,
                        file_of_record({Category::kSenderKey, placed.id}) +
                            ": it is the own key of another account: the folder is mixed "
                            "from two accounts");
          if (keys.unusable_states > 0)
            leave_out(Category::kSenderKey,
                      fmt::format("{}: {} of its keys do not hold together",
                                  file_of_record({Category::kSenderKey, placed.id}), keys.unusable_states));
          if (!keys.has_private_key) record.absorb(keys.record);
          return {};
        });
  }

  // ---- the end --------------------------------------------------------------------------------------

  void note_left_out() {
    for (const Category category :
         {Category::kSenderKeyMemory, Category::kAppStateVersion, Category::kDeviceList})
      report_.of(category).left_out = source_.ids(category).size();
  }

  [[nodiscard]] std::size_t batch_size() const {
    return batch_.sessions.size() + batch_.identities.size() + batch_.sender_keys.size() +
           batch_.pre_keys.size() + batch_.records.size();
  }
  Result<void> flush_when_full() { return batch_size() < kBatch ? Result<void>{} : flush(); }
  Result<void> flush() {
    if (batch_.empty()) return {};
    return sink_(std::exchange(batch_, {}));
  }

  RecordSource& source_;
  const ImportSettings& settings_;
  const ChangesSink& sink_;
  BaileysCreds creds_;
  LidTable lids_;
  ImportReport report_;
  Changes batch_;
};

}  // namespace

void ImportReport::warn(std::string text) {
  if (warnings.size() < kMaxWarnings) warnings.push_back(std::move(text));
}

std::string ImportReport::text() const {
  std::string out =
      fmt::format("account {}{}, device {} of {}\n", own_jid, own_lid.empty() ? "" : " / " + own_lid,
                  key_index, platform.empty() ? "a phone" : platform);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Count& count = counts[i];
    if (count.taken + count.left_out == 0) continue;
    out += fmt::format("  {:<24} {} taken", to_string(static_cast<Category>(i)), count.taken);
    if (count.left_out > 0) out += fmt::format(", {} left out", count.left_out);
    out += '\n';
  }
  if (ignored_files > 0) out += fmt::format("  {} other files ignored\n", ignored_files);
  for (const std::string& warning : warnings) out += "  note: " + warning + '\n';
  return out;
}

Result<ImportReport> import_account(RecordSource& source, const ImportSettings& settings,
                                    const ChangesSink& sink) {
  return Import(source, settings, sink).run();
}

}  // namespace importers
