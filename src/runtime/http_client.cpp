#include "runtime/http_client.h"

#include <utility>

#include "runtime/curl_multi.h"

namespace runtime {

HttpClient::HttpClient(EventLoop& loop, HttpClientSettings settings)
    : multi_(std::make_shared<CurlMulti>(loop, std::move(settings))) {}

HttpClient::~HttpClient() { multi_->shut_down(); }

Task<base::Result<HttpResponse>> HttpClient::send(HttpRequest request) {
  const std::shared_ptr<CurlMulti> multi = multi_;  // the client may be destroyed while we wait
  OneShot<HttpResponse> done(multi->loop());
  CurlTransfer transfer(std::move(request), done);
  WA_CO_TRY_VOID(multi->start(transfer));
  auto response = co_await done.wait_for(transfer.request().total_timeout);
  multi->stop(transfer);
  co_return response;
}

}  // namespace runtime
