// Files between people: a simulated person sends one to a chat, and takes in those that were sent to it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "simulator/media/file_transfer.h"

namespace simulator {

class Person;
class World;

struct FileToSend {
  FileReference facts;  // kind, mimetype, caption, …; what the upload yields is filled in
  FileContent content;
  /// Files of channels are not encrypted.
  enum class Zone { kChat, kChannel } zone = Zone::kChat;
};

/// Uploads. Off the loop if `key` was drawn on it: nothing but the store is touched.
base::Result<void> upload_file(MediaStore& store, FileToSend& file, whatsapp::media::MediaKey key,
                               std::int64_t now);
/// Sends a message about an uploaded file; errors as those of Person::send_message.
base::Result<std::string> send_file_message(World& world, Person& person, std::string_view id,
                                            std::string_view to, const FileReference& file,
                                            int from_device = 0);
/// Both.
base::Result<std::string> send_file(World& world, Person& person, std::string_view to, FileToSend file);

/// The file of a received message, its oldest delivery. kNotFound for no such message, or one without a file.
base::Result<FileReference> received_file(const Person& person, std::string_view message_id);

}  // namespace simulator
