// The certificate that the media hosts show, and the test authority that vouches for it. Clients under test
// are told to trust the authority; everything else about their TLS is as with the real hosts, names included.
#pragma once

#include <string>

#include "base/result.h"

namespace simulator {

/// All PEM.
struct HostCertificate {
  std::string authority;
  std::string certificate;
  std::string key;
};

/// A certificate for localhost, 127.0.0.1, ::1 and the names below whatsapp.net. `authority_folder` holds the
/// authority as ca.pem and ca.key, which are made if they are not there; empty: a new authority for every
/// start. Keys come from OpenSSL's own generator. kIo for a folder that cannot be used.
base::Result<HostCertificate> issue_host_certificate(const std::string& authority_folder);

}  // namespace simulator
