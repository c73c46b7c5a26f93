#include "simulator/media/person_files.h"

#include <algorithm>

#include "simulator/person.h"
#include "simulator/virtual_device.h"
#include "simulator/world.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

}  // namespace

Result<void> upload_file(MediaStore& store, FileToSend& file, whatsapp::media::MediaKey key,
                         std::int64_t now) {
  if (file.zone == FileToSend::Zone::kChannel) return publish_plain_file(store, file.content, file.facts);
  const auto hosts = store.hosts();
  file.facts.media_key_timestamp = now;
  return publish_file(store, file.content, hosts.empty() ? "mmg.whatsapp.net" : hosts.front(), std::move(key),
                      file.facts);
}

Result<std::string> send_file_message(World& world, Person& person, std::string_view id, std::string_view to,
                                      const FileReference& file, int from_device) {
  const StanzaMarks marks{.type = "media", .media_type = std::string{file_kind_word(file.kind)}};
  return person.send_message(id, to, write_file_message(file, world.random()), marks, from_device);
}

Result<std::string> send_file(World& world, Person& person, std::string_view to, FileToSend file) {
  const whatsapp::media::MediaKey key{world.random().bytes<32>()};
  ServerState& state = world.server().state();
  WA_TRY_VOID(upload_file(state.media, file, key, state.now()));
  return send_file_message(world, person, {}, to, file.facts);
}

Result<FileReference> received_file(const Person& person, std::string_view message_id) {
  const auto message = std::ranges::find(person.received(), message_id, &ReceivedMessage::id);
  if (message == person.received().end()) return fail(ErrorCode::kNotFound, "no such message");
  auto file = read_file_message(message->content);
  if (!file) return fail(ErrorCode::kNotFound, "the message has no file");
  return *std::move(file);
}

}  // namespace simulator
