// The encrypted payload of the client's last handshake message. It decides what the connection is for: a
// device that is not linked registers itself and is offered QR refs; a linked one logs in.
//
// Fields are written in the order of their numbers and explicitly even when they are 0, false or empty, as
// the web client does.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/client/web_version.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// What the phone shows in its list of linked devices. Fixed for the life of the link.
base::Bytes device_props(const std::string& device_name);

/// For a device that is not linked: its keys and its DeviceProps.
base::Bytes registration_payload(const store::DeviceCredentials& credentials, const WebVersion& version,
                                 const std::string& device_name);

/// For a linked device. It asks to be passive: the server holds the offline queue until the `active` iq.
/// kCorrupt if the stored JID has no numeric user.
base::Result<base::Bytes> login_payload(const store::DeviceCredentials& credentials,
                                        const WebVersion& version);

}  // namespace whatsapp
