#include "simulator/media/control_media.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "simulator/media/person_files.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

Person* find_person(const World& world, const std::string& kind, const std::string& id) {
  if (kind == "phones") return world.phone(id);
  if (kind == "contacts") return world.contact(id);
  return nullptr;
}

std::string query_of(const runtime::ServerRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string{} : found->second;
}

Result<base::Bytes> bytes_in(const json& body, const char* name) {
  if (!body.contains(name)) return base::Bytes{};
  return base::from_base64(body.at(name).get<std::string>());
}

Result<FileToSend> file_to_send_from(const json& body) {
  FileToSend file;
  const auto kind = file_kind_from(body.value("kind", std::string{}));
  if (!kind) return fail(ErrorCode::kInvalidArgument, "no such kind of file");
  file.facts.kind = *kind;
  file.facts.mimetype = body.value("mimetype", std::string{"application/octet-stream"});
  file.facts.caption = body.value("caption", std::string{});
  file.facts.file_name = body.value("file_name", std::string{});
  file.facts.width = body.value("width", 0U);
  file.facts.height = body.value("height", 0U);
  file.facts.seconds = body.value("seconds", 0U);
  file.facts.pages = body.value("pages", 0U);
  file.facts.animated = body.value("animated", false);
  file.facts.view_once = body.value("view_once", false);
  WA_TRY(file.facts.thumbnail, bytes_in(body, "thumbnail"));
  WA_TRY(file.facts.waveform, bytes_in(body, "waveform"));
  if (body.contains("path")) {
    file.content = std::filesystem::path{body.at("path").get<std::string>()};
  } else if (body.contains("base64")) {
    WA_TRY(file.content, bytes_in(body, "base64"));
  } else if (body.contains("size")) {
    file.content = base::Bytes(body.at("size").get<std::size_t>(), 0x5a);
  } else {
    return fail(ErrorCode::kInvalidArgument, "a file is a path, base64 or a size");
  }
  return file;
}

json object_json(const MediaObject& object) {
  return {{"id", object.id},
          {"direct_path", object.direct_path},
          {"type", object.type},
          {"size", object.size},
          {"sha256", base::to_hex(object.hash)},
          {"downloads", object.downloads},
          {"gone", object.gone},
          {"handle", object.handle}};
}

Result<MediaFault> media_fault_from(const json& body) {
  MediaFault fault;
  const auto kind = media_fault_kind(body.value("kind", std::string{}));
  if (!kind) return fail(ErrorCode::kInvalidArgument, "no such fault of the media hosts");
  fault.kind = *kind;
  const std::string on = body.value("on", std::string{"both"});
  if (on != "both" && on != "upload" && on != "download")
    return fail(ErrorCode::kInvalidArgument, "a fault is on upload, download or both");
  if (on == "upload") fault.on = MediaFault::On::kUpload;
  if (on == "download") fault.on = MediaFault::On::kDownload;
  fault.host = body.value("host", std::string{});
  fault.object = body.value("object", std::string{});
  fault.count = body.value("count", fault.count);
  fault.code = body.value("code", fault.code);
  fault.bytes = body.value("bytes", fault.bytes);
  fault.delay = base::Duration{body.value("delay_ms", std::int64_t{0})};
  fault.text = body.value("text", std::string{});
  return fault;
}

json reference_json(const FileReference& file) {
  return {{"kind", file_kind_word(file.kind)},
          {"direct_path", file.direct_path},
          {"mimetype", file.mimetype},
          {"caption", file.caption},
          {"file_name", file.file_name},
          {"length", file.length},
          {"width", file.width},
          {"height", file.height},
          {"seconds", file.seconds},
          {"pages", file.pages},
          {"animated", file.animated},
          {"view_once", file.view_once},
          {"encrypted", !file.file_enc_sha256.empty()},
          {"media_key_timestamp", file.media_key_timestamp},
          {"thumbnail", base::to_base64(file.thumbnail)},
          {"waveform", base::to_base64(file.waveform)},
          {"sidecar_bytes", file.sidecar.size()}};
}

}  // namespace

bool MediaControl::handles(const std::vector<std::string>& path) {
  return path.size() == 4 && (path[1] == "phones" || path[1] == "contacts") &&
         (path[3] == "send-file" || path[3] == "file");
}

runtime::Task<Result<json>> MediaControl::answer(std::vector<std::string> path,
                                                 runtime::ServerRequest request, json body) {
  Person* person = find_person(world_, path[1], path[2]);
  if (person == nullptr) co_return fail(ErrorCode::kNotFound, "no such person");
  if (path[3] == "send-file" && request.method == "POST")
    co_return co_await send_file(*person, std::move(body));
  if (path[3] == "file" && request.method == "GET")
    co_return co_await fetch_file(*person, std::move(request));
  co_return fail(ErrorCode::kNotFound, "no such request");
}

runtime::Task<Result<json>> MediaControl::send_file(Person& person, json body) {
  auto file = file_to_send_from(body);
  if (!file) co_return fail(file.error());
  ServerState& state = world_.server().state();
  const whatsapp::media::MediaKey key{world_.random().bytes<32>()};
  const std::int64_t now = state.now();
  const auto upload = [&] { return upload_file(state.media, *file, key, now); };
  const Result<void> uploaded = co_await lane_.run(upload);
  if (!uploaded) co_return fail(uploaded.error());
  auto id = send_file_message(world_, person, body.value("id", std::string{}),
                              body.value("to", std::string{}), file->facts, body.value("device", 0));
  if (!id) co_return fail(id.error());
  co_return json{{"id", *id},
                 {"direct_path", file->facts.direct_path},
                 {"length", file->facts.length},
                 {"sha256", base::to_hex(file->facts.file_sha256)}};
}

runtime::Task<Result<json>> MediaControl::fetch_file(const Person& person, runtime::ServerRequest request) {
  const auto file = received_file(person, query_of(request, "id"));
  if (!file) co_return fail(file.error());
  const std::filesystem::path save_as = query_of(request, "save");
  MediaStore& store = world_.server().state().media;
  const auto fetch = [&] { return simulator::fetch_file(store, *file, save_as); };
  const Result<FetchedFile> fetched = co_await lane_.run(fetch);
  json answer = reference_json(*file);
  if (!fetched) {
    answer["error"] = fetched.error().message;
    answer["code"] = base::to_string(fetched.error().code);
    co_return answer;
  }
  answer["size"] = fetched->size;
  answer["sha256"] = base::to_hex(fetched->sha256);
  answer["hash_matches"] = fetched->claims != FetchedFile::Claims::kWrongHash;
  answer["length_matches"] = fetched->size == file->length;
  co_return answer;
}

json MediaControl::state(const World& world) {
  const ServerState& state = world.server().state();
  const MediaCounters counters = state.media.counters();
  return {{"hosts", state.media.hosts()},        {"objects", state.media.objects().size()},
          {"connections", counters.connections}, {"media_conns", counters.media_conns},
          {"uploads", counters.uploads},         {"bytes_up", counters.bytes_up},
          {"downloads", counters.downloads},     {"bytes_down", counters.bytes_down},
          {"ranges", counters.ranges},           {"deletes", counters.deletes},
          {"faults", counters.faults},           {"bad_auth", counters.bad_auth},
          {"bad_uploads", counters.bad_uploads}, {"not_found", counters.not_found}};
}

void MediaControl::visit_objects(const World& world,
                                 const std::function<void(const std::function<json()>&)>& visit) {
  for (const MediaObject& object : world.server().state().media.objects())
    visit([&] { return object_json(object); });
}

Result<json> MediaControl::post(World& world, const std::vector<std::string>& path, const json& body) {
  ServerState& state = world.server().state();
  const std::string verb = path.size() == 3 ? path[2] : std::string{};
  if (verb == "fault") {
    WA_TRY(const MediaFault fault, media_fault_from(body));
    state.media.arm(fault);
  } else if (verb == "clear-faults") {
    state.media.clear_faults();
  } else if (verb == "expire") {
    WA_TRY_VOID(state.media.expire(body.value("object", std::string{}), body.value("code", 410)));
  } else if (verb == "expire-auth") {
    state.media.revoke_auth();
  } else if (verb == "conn") {
    MediaSettings& settings = state.settings.media;
    settings.ttl_seconds = body.value("ttl", settings.ttl_seconds);
    settings.auth_ttl_seconds = body.value("auth_ttl", settings.auth_ttl_seconds);
    if (body.contains("hosts")) state.media.set_hosts(body.at("hosts").get<std::vector<std::string>>());
  } else if (verb == "add") {
    WA_TRY(const base::Bytes bytes, bytes_in(body, "base64"));
    WA_TRY(const MediaObject object, state.media.add(bytes, body.value("type", std::string{"image"})));
    return object_json(object);
  } else {
    return fail(ErrorCode::kNotFound, "no such request");
  }
  return json::object();
}

}  // namespace simulator
