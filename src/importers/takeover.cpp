#include "importers/takeover.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "importers/baileys_folder.h"
#include "whatsapp/store/sqlite_device_store.h"
#include "whatsapp/store/store_folder.h"

namespace importers {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::store::SqliteDeviceStore;
using whatsapp::store::StoreFolder;
namespace fs = std::filesystem;

/// Left beside the account: the Baileys files there are of the past from now on. Should the account's own
/// file ever go, they must not be taken over a second time, with keys that were used since.
constexpr const char* kMark = "taken-over-from-baileys.txt";

Result<void> leave_mark(const fs::path& folder) {
  std::ofstream mark(folder / kMark, std::ios::trunc);
  mark << "This WhatsApp account was taken over from a Baileys auth folder. Baileys must not be started with "
          "that\n"
       << "folder again, and it is not imported a second time while this text is here.\n";
  mark.flush();
  if (!mark) return fail(ErrorCode::kIo, fmt::format("cannot write {}", (folder / kMark).string()));
  return {};
}

/// The half-made account: removed when it goes, whatever happened.
class Workshop {
 public:
  explicit Workshop(fs::path place) : place_(std::move(place)) { clear(); }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() { clear(); }

  [[nodiscard]] std::string place() const { return place_.string(); }

 private:
  void clear() {
    std::error_code ignored;
    fs::remove_all(place_, ignored);
  }

  fs::path place_;
};

Result<ImportReport> fill(const std::string& directory, RecordSource& source,
                          const ImportSettings& settings) {
  whatsapp::store::OpenSettings open;
  open.directory = directory;
  // It counts only once it is complete and moved, which syncs it.
  open.durability = whatsapp::store::Durability::kNormal;
  WA_TRY(const auto store, SqliteDeviceStore::open(open));
  const ChangesSink sink = [&store](whatsapp::store::Changes&& changes) { return store->commit(changes); };
  return import_account(source, settings, sink);
}

}  // namespace

bool awaits_takeover(const std::string& auth_base, const std::string& instance_id) {
  const fs::path folder = fs::path{auth_base} / instance_id;
  std::error_code ignored;
  return fs::exists(folder / "creds.json", ignored) && !fs::exists(folder / kMark, ignored) &&
         !StoreFolder::holds_account(folder.string());
}

Result<ImportReport> take_over(const TakeOver& order) {
  WA_TRY(BaileysFolder source, BaileysFolder::open(order.source, order.settings.now, order.quiet_seconds));
  const fs::path base{order.auth_base};
  const fs::path folder = base / order.instance_id;
  WA_TRY(const StoreFolder target, StoreFolder::claim(folder.string()));
  if (StoreFolder::holds_account(folder.string()))
    return fail(ErrorCode::kConflict,
                fmt::format("instance {} has an account of its own already", order.instance_id));
  const Workshop workshop(base / (".import-" + order.instance_id));
  WA_TRY(auto report, fill(workshop.place(), source, order.settings));
  WA_TRY_VOID(target.adopt(workshop.place()));
  WA_TRY_VOID(leave_mark(folder));
  return report;
}

}  // namespace importers
