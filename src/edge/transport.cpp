#include "edge/transport.h"

namespace edge {

runtime::Task<base::Result<runtime::HttpResponse>> HttpEdgeTransport::attempt(runtime::HttpRequest request) {
  return client_.send(std::move(request));
}

}  // namespace edge
