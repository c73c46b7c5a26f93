// Reading the place of a file out of the message that announces it. For the readers of this room only. What a
// peer says about its file is taken over within bounds and believed later, when the file has been verified.
// Spec 05 §5.4, 06 §6.
#pragma once

#include <optional>

#include "proto/message.pb.h"
#include "proto/message_parts.pb.h"
#include "whatsapp/message/media_reference.h"

namespace whatsapp::message {

/// Of a message without wrappers; nothing if it announces no file.
std::optional<MediaReference> media_in(const proto::Message& message);

/// Of the parts that other kinds (buttons, templates, products) have as bytes.
std::optional<MediaReference> image_in(const std::string& bytes);
std::optional<MediaReference> header_in(const std::string& image, const std::string& video,
                                        const std::string& document);

}  // namespace whatsapp::message
