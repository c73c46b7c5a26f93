// The parts of an account that are about groups, channels and the status feed, put together. Belongs to the
// message desk.
#pragma once

#include "whatsapp/client/dirty_marks.h"
#include "whatsapp/client/groups/channel_sender.h"
#include "whatsapp/client/groups/channels.h"
#include "whatsapp/client/groups/group_directory.h"
#include "whatsapp/client/groups/group_retries.h"
#include "whatsapp/client/groups/group_sender.h"
#include "whatsapp/client/groups/groups.h"
#include "whatsapp/client/groups/own_sender_keys.h"
#include "whatsapp/client/groups/status_audience.h"
#include "whatsapp/client/notifications.h"

namespace whatsapp {

struct GroupDesk {
  OwnSenderKeys keys;
  GroupDirectory directory;
  StatusAudience status;
  GroupSender sender;
  GroupRetries retries;
  Groups operations;
  ChannelSender posts;
  Channels channels;

  explicit GroupDesk(DeskParts& parts)
      : keys(parts),
        directory(parts, keys),
        status(parts),
        sender(parts, directory, keys, status),
        retries(parts, directory, keys, status),
        operations(parts, directory),
        posts(parts),
        channels(parts) {}

  void listen(Notifications& notifications, DirtyMarks& dirty_marks) {
    notifications.listen("w:gp2", directory);
    notifications.listen("devices", keys);
    notifications.listen("encrypt", keys);
    notifications.listen("mex", channels);
    dirty_marks.listen("groups", directory);
  }
};

}  // namespace whatsapp
