// Media in from workers, out to whoever knows the URL.
#include <array>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "edge_server/credentials.h"
#include "edge_server/http_reply.h"
#include "edge_server/identifiers.h"
#include "edge_server/request_fields.h"
#include "edge_server/route_handlers.h"

namespace edge_server {

using Json = nlohmann::json;
using runtime::HttpResponse;
using runtime::Task;

namespace {

std::string base_url(const Services& edge, const RouteCall& call) {
  if (!edge.settings.public_url.empty()) return edge.settings.public_url;
  const bool tls = runtime::header(call.request.headers, "X-Forwarded-Proto") == "https";
  const auto host = runtime::header(call.request.headers, "Host");
  return std::string{tls ? "https://" : "http://"}.append(host.empty() ? "localhost" : host);
}

std::string media_url(const Services& edge, const RouteCall& call, const MediaRecord& media) {
  std::string url = base_url(edge, call) + "/media/" + media.id;
  if (!media.file_name.empty()) url += "/" + runtime::url_encode(media.file_name);
  return url;
}

MediaRecord read_upload(Services& edge, Fields& in) {
  MediaRecord media;
  media.id = unguessable_id(edge.random);
  media.instance_id = in.required_text("instanceId");
  if (!is_instance_id(media.instance_id)) in.refuse("instanceId is not an instance's id");
  media.mime_type = in.text("mime_type");
  media.file_name = in.text("file_name");
  media.created_at = edge.now();
  media.source_key =
      hash_of_key(in.required_text("messageId") + '\n' + media.file_name + '\n' + media.mime_type);
  return media;
}

// Written first, recorded after: a URL that was given out always has its file.
Result<MediaRecord> store_media(Services& edge, MediaRecord media, const std::string& base64) {
  WA_TRY_VOID(edge.store.instance(media.instance_id));
  WA_TRY(const auto bytes, base::from_base64(base64));
  media.size = bytes.size();
  WA_TRY_VOID(edge.media.write(media.instance_id, media.id, bytes));
  auto kept = edge.store.add_media(media);
  if (!kept || kept->id != media.id) edge.media.remove(media.instance_id, media.id);
  return kept;
}

// Types that a browser only shows. Everything else is a download: HTML or SVG from a stranger must not run
// here.
bool is_harmless(std::string_view mime) {
  constexpr std::array<std::string_view, 4> kImages{"image/jpeg", "image/png", "image/webp", "image/gif"};
  const auto plain = mime.substr(0, mime.find(';'));
  return std::ranges::find(kImages, plain) != kImages.end() || plain.starts_with("audio/") ||
         plain.starts_with("video/");
}

bool is_plain_header_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

HttpResponse media_reply(const MediaRecord& media, std::string bytes) {
  const bool shown = is_harmless(media.mime_type) && is_plain_header_text(media.mime_type);
  return {200,
          {{"Content-Type", shown ? media.mime_type : "application/octet-stream"},
           {"Content-Disposition", shown ? "inline" : "attachment"},
           {"Content-Security-Policy", "default-src 'none'; sandbox"},
           {"X-Content-Type-Options", "nosniff"},
           {"Cache-Control", "private, max-age=31536000, immutable"}},
          std::move(bytes)};
}

}  // namespace

Handled worker::upload_media(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto upload = read_upload(edge, in);
  const Json& encoded = in.raw("bytes_base64");
  if (!encoded.is_string()) in.refuse("bytes_base64 is required");
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return store_media(edge, upload, encoded.get_ref<const std::string&>()); };
  const auto kept = co_await edge.lane.run(job);
  if (!kept) co_return problem(kept.error());
  co_return json_reply(200, {{"media_url", media_url(edge, call, *kept)}});
}

Handled page::media(Services& edge, const RouteCall& call) {
  MediaRecord media;
  const auto job = [&]() -> Result<std::string> {
    WA_TRY(media, edge.store.media(call.parameter("id")));
    return edge.media.read(media.instance_id, media.id);
  };
  auto bytes = co_await edge.lane.run(job);
  if (!bytes) co_return problem(bytes.error());
  co_return media_reply(media, *std::move(bytes));
}

}  // namespace edge_server
