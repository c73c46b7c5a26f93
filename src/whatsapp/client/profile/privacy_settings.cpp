#include "whatsapp/client/profile/privacy_settings.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kRecords = "privacy";
constexpr std::size_t kMostCategories = 64;
constexpr std::size_t kLongestWord = 64;
constexpr base::Duration kSettle = 1s;
constexpr auto kBetweenRefreshes = 10s;

Node privacy_iq(std::string_view type, Node privacy) {
  return Node("iq")
      .with("xmlns", "privacy")
      .with("type", type)
      .with("to", Jid::service())
      .add(std::move(privacy));
}

PrivacySettings::Settings read_settings(const Node& answer) {
  PrivacySettings::Settings out;
  const Node* privacy = answer.child("privacy");
  if (privacy == nullptr) return out;
  for (const Node* category : privacy->children("category")) {
    const auto name = category->attr("name");
    const auto value = category->attr("value");
    if (!name || !value || category->has_attr("error") || out.size() >= kMostCategories) continue;
    if (name->size() <= kLongestWord && value->size() <= kLongestWord) out[*name] = *value;
  }
  return out;
}

bool is_word(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !text.empty() && text.size() <= kLongestWord && std::ranges::all_of(text, fits);
}

}  // namespace

void PrivacySettings::attached() {
  refresh_waiting_ = false;
  parts_.connection.scope().spawn(load());
}

void PrivacySettings::offline_finished() {
  if (known_ == Known::kNo) refresh_soon();
}

Task<void> PrivacySettings::load() {
  auto query = [](DeviceStore& device) { return device.records(std::string{kRecords}, "", kMostCategories); };
  const auto rows = co_await parts_.outside.store.read(query);
  if (!rows || rows->empty()) co_return;
  known_ = Known::kYes;
  settings_.clear();
  for (const store::RecordRow& row : *rows) settings_[row.key] = base::to_string(row.value);
}

ReadReceipts PrivacySettings::read_receipts() const {
  const auto found = settings_.find("readreceipts");
  return found != settings_.end() && found->second == "none" ? ReadReceipts::kOwnDevicesOnly
                                                             : ReadReceipts::kTold;
}

Task<Result<PrivacySettings::Settings>> PrivacySettings::fetch() {
  WA_CO_TRY(const Node answer,
            co_await budgeted_query(parts_.connection, parts_.budget, QueryBudget::Kind::kPrivacy,
                                    privacy_iq("get", Node("privacy"))));
  Settings settings = read_settings(answer);
  WA_CO_TRY_VOID(co_await keep(settings));
  co_return settings;
}

Task<Result<void>> PrivacySettings::keep(Settings settings) {
  Changes changes;
  changes.records_dropped.push_back({std::string{kRecords}, ""});
  for (const auto& [name, value] : settings)
    changes.records.push_back({std::string{kRecords}, name, base::to_bytes(std::string_view{value}), 0});
  if (known_ == Known::kYes && settings != settings_)
    parts_.outside.sink.stage_event(AccountChange{.what = "privacy", .at = parts_.connection.unix_seconds()},
                                    changes);
  settings_ = std::move(settings);
  known_ = Known::kYes;
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  parts_.outside.sink.staged();
  co_return Result<void>{};
}

Task<Result<void>> PrivacySettings::set(std::string name, std::string value) {
  if (!is_word(name) || !is_word(value))
    co_return fail(ErrorCode::kInvalidArgument, "no privacy setting has this name or value");
  Node category = Node("category").with("name", std::string{name}).with("value", std::string{value});
  Node request = privacy_iq("set", Node("privacy").add(std::move(category)));
  WA_CO_TRY_VOID(co_await parts_.connection.query(std::move(request)));
  Settings changed = settings_;
  changed[name] = value;
  co_return co_await keep(std::move(changed));
}

void PrivacySettings::refresh_soon() {
  if (!parts_.connection.attached() || std::exchange(refresh_waiting_, true)) return;
  parts_.connection.scope().spawn(refresh());
}

Task<void> PrivacySettings::refresh() {
  const auto since = parts_.outside.loop.clock().now() - last_refresh_;
  base::Duration delay = kSettle;
  if (last_refresh_ != base::Clock::time_point{} && since < kBetweenRefreshes)
    delay = std::max(delay, std::chrono::duration_cast<base::Duration>(kBetweenRefreshes - since));
  const auto waited = co_await parts_.connection.pause(delay);
  if (!waited) co_return;
  // What changes from here on is asked for once more: this answer may be older.
  refresh_waiting_ = false;
  last_refresh_ = parts_.outside.loop.clock().now();
  const auto fetched = co_await fetch();
  if (!fetched) parts_.outside.log.debug("privacy settings not known", {{"error", fetched.error().message}});
}

}  // namespace whatsapp
