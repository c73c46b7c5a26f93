#include "whatsapp/client/profile/profile.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/push_name.h"
#include "whatsapp/message/utf8.h"

namespace whatsapp {

using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;

namespace {

constexpr std::string_view kUpdateTextStatus = "9152604461510864";  // the operation's id
constexpr std::size_t kLongestAbout = 1024;                         // bytes
constexpr std::size_t kMostPictureBytes = std::size_t{2} << 20;
constexpr std::array<std::uint32_t, 4> kDisappearingTimes{0, 86'400, 604'800, 7'776'000};

Node iq(std::string_view xmlns, std::string_view type) {
  return Node("iq").with("xmlns", xmlns).with("type", type).with("to", Jid::service());
}

bool is_jpeg(base::ByteView bytes) { return bytes.size() > 3 && bytes[0] == 0xFF && bytes[1] == 0xD8; }

std::string text_of(const Node& parent, std::string_view tag) {
  const auto bytes = parent.child_bytes(tag);
  return bytes ? message::to_valid_utf8(base::as_text(*bytes)) : std::string{};
}

/// "Not there" is an answer, not a failure.
bool means_none(const base::Error& error) {
  return error.code == ErrorCode::kRejected && error.detail == 404;
}

Node mex_status(const std::string& text) {
  const nlohmann::json variables{{"input", {{"text", text}, {"ephemeral_duration_sec", 0}}}};
  const nlohmann::json body{{"variables", variables}};
  return iq("w:mex", "get").add(Node("query").with("query_id", kUpdateTextStatus).text(body.dump()));
}

/// A mex answer may be a success that says that it failed.
bool mex_succeeded(const Node& answer) {
  const auto result = answer.child_bytes("result");
  if (!result) return false;
  const auto parsed = nlohmann::json::parse(result->begin(), result->end(), nullptr, false);
  return parsed.is_object() && !parsed.contains("errors");
}

}  // namespace

Task<Result<void>> Profile::set_push_name(std::string name) {
  const std::string shown = presentable_push_name(name);
  if (shown.empty()) co_return fail(ErrorCode::kInvalidArgument, "nothing of this name can be shown");
  const std::int64_t now_ms = parts_.connection.unix_seconds() * 1000;
  AppStatePatches::MakeMutations make = [shown, now_ms](const std::string&) {
    return app_state::make(app_state::OwnPushName{shown}, now_ms);
  };
  std::vector<std::string> names{std::string{}};
  co_return co_await patches_.send(std::move(names), std::move(make));
}

Task<Result<void>> Profile::set_about(std::string text) {
  text = message::to_valid_utf8(text);
  if (text.size() > kLongestAbout) co_return fail(ErrorCode::kInvalidArgument, "the text is too long");
  const auto answer = co_await parts_.connection.query(mex_status(text));
  if (answer && mex_succeeded(*answer)) co_return Result<void>{};
  if (!answer && answer.error().code != ErrorCode::kRejected) co_return fail(answer.error());
  // The older way.
  WA_CO_TRY_VOID(co_await parts_.connection.query(iq("status", "set").add(Node("status").text(text))));
  co_return Result<void>{};
}

Task<Result<std::optional<std::string>>> Profile::about(Jid who) {
  const Jid account = who.normalized().account();
  if (account.user().empty()) co_return fail(ErrorCode::kInvalidArgument, "nobody has this address");
  WA_CO_TRY(const Jid asked, co_await parts_.lids.canonical(account));
  Node usync = Node("usync")
                   .with("sid", base::to_hex(parts_.outside.random.bytes<8>()))
                   .with("mode", "query")
                   .with("last", "true")
                   .with("index", "0")
                   .with("context", "interactive")
                   .add(Node("query").add(Node("status")))
                   .add(Node("list").add(Node("user").with("jid", asked)));
  WA_CO_TRY(const Node answer,
            co_await budgeted_query(parts_.connection, parts_.budget, QueryBudget::Kind::kUsync,
                                    iq("usync", "get").add(std::move(usync))));
  const Node* result = answer.child("usync");
  const Node* list = result != nullptr ? result->child("list") : nullptr;
  const Node* user = list != nullptr ? list->child("user") : nullptr;
  const Node* status = user != nullptr ? user->child("status") : nullptr;
  if (status == nullptr || status->has_attr("code") || status->bytes().empty()) co_return std::nullopt;
  co_return std::optional<std::string>{message::to_valid_utf8(status->text())};
}

// ---- pictures
// -----------------------------------------------------------------------------------------------

Task<Result<std::optional<ProfilePicture>>> Profile::picture(Jid who, PictureSize size) {
  const Jid account = who.normalized().account();
  if (account.user().empty()) co_return fail(ErrorCode::kInvalidArgument, "nobody has this address");
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  Node wanted = Node("picture").with("type", size == PictureSize::kPreview ? "preview" : "image");
  wanted.set("query", "url");
  // A token on the question for our own picture would never be answered.
  if (!account.is_group() && !is_own_account(parts_.connection.self(), account)) {
    WA_CO_TRY(const auto token, co_await parts_.tokens.token_of(account));
    if (token) wanted.add_child(Node("tctoken").bytes(base::ByteView{*token}));
  }
  Node request = iq("w:profile:picture", "get").with("target", account).add(std::move(wanted));
  const auto answer = co_await budgeted_query(parts_.connection, parts_.budget, QueryBudget::Kind::kPicture,
                                              std::move(request));
  if (!answer && means_none(answer.error())) co_return std::nullopt;
  if (!answer) co_return fail(answer.error());
  const Node* picture = answer->child("picture");
  if (picture == nullptr || picture->attr_is("status", "204")) co_return std::nullopt;
  if (const Node* error = picture->child("error")) {
    const auto code = static_cast<int>(error->number("code").value_or(500));
    if (code == 404) co_return std::nullopt;
    co_return fail(ErrorCode::kRejected, "the picture is not shown to us", code);
  }
  ProfilePicture out{picture->attr("id").value_or(""), picture->attr("url").value_or(""),
                     picture->attr("direct_path").value_or("")};
  if (out.url.empty() && out.direct_path.empty()) co_return std::nullopt;
  co_return std::optional<ProfilePicture>{std::move(out)};
}

Task<Result<std::string>> Profile::set_picture(Bytes jpeg) {
  if (!is_jpeg(jpeg)) co_return fail(ErrorCode::kInvalidArgument, "the picture is no JPEG");
  co_return co_await write_picture(std::nullopt, std::move(jpeg));
}

Task<Result<void>> Profile::remove_picture() {
  Bytes none;
  WA_CO_TRY_VOID(co_await write_picture(std::nullopt, std::move(none)));
  co_return Result<void>{};
}

Task<Result<std::string>> Profile::set_group_picture(Jid group, Bytes jpeg) {
  if (!group.is_group()) co_return fail(ErrorCode::kInvalidArgument, "no group");
  if (!jpeg.empty() && !is_jpeg(jpeg)) co_return fail(ErrorCode::kInvalidArgument, "the picture is no JPEG");
  co_return co_await write_picture(std::move(group), std::move(jpeg));
}

Task<Result<std::string>> Profile::write_picture(std::optional<Jid> target, Bytes jpeg) {
  if (jpeg.size() > kMostPictureBytes)
    co_return fail(ErrorCode::kInvalidArgument, "the picture is too large");
  Node request = iq("w:profile:picture", "set");
  if (target) request.set("target", *target);
  if (jpeg.empty()) {
    if (!target) request.add_child(Node("picture"));
  } else {
    request.add_child(Node("picture").with("type", "image").bytes(std::move(jpeg)));
  }
  WA_CO_TRY(const Node answer, co_await parts_.connection.query(std::move(request)));
  const Node* picture = answer.child("picture");
  co_return picture != nullptr ? picture->attr("id").value_or("") : std::string{};
}

// ---- the rest
// -----------------------------------------------------------------------------------------------

Task<Result<std::optional<BusinessProfile>>> Profile::business(Jid who) {
  Node wanted = Node("business_profile").with("v", "244");
  wanted.add_child(Node("profile").with("jid", who.normalized().account()));
  const auto answer = co_await parts_.connection.query(iq("w:biz", "get").add(std::move(wanted)));
  if (!answer && means_none(answer.error())) co_return std::nullopt;
  if (!answer) co_return fail(answer.error());
  const Node* list = answer->child("business_profile");
  const Node* profile = list != nullptr ? list->child("profile") : nullptr;
  if (profile == nullptr || profile->children().empty()) co_return std::nullopt;
  BusinessProfile out;
  out.address = text_of(*profile, "address");
  out.description = text_of(*profile, "description");
  out.email = text_of(*profile, "email");
  for (const Node* site : profile->children("website"))
    out.websites.push_back(message::to_valid_utf8(site->text()));
  if (const Node* categories = profile->child("categories"))
    for (const Node* category : categories->children("category"))
      out.categories.push_back(message::to_valid_utf8(category->text()));
  co_return std::optional<BusinessProfile>{std::move(out)};
}

Task<Result<void>> Profile::set_default_disappearing(std::uint32_t seconds) {
  if (std::ranges::find(kDisappearingTimes, seconds) == kDisappearingTimes.end())
    co_return fail(ErrorCode::kInvalidArgument, "messages disappear after 1, 7 or 90 days, or never");
  Node setting = Node("disappearing_mode").with("duration", seconds);
  WA_CO_TRY_VOID(co_await parts_.connection.query(iq("disappearing_mode", "set").add(std::move(setting))));
  co_return Result<void>{};
}

}  // namespace whatsapp
