#include "runtime/proxy_handshake.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace runtime {
namespace {

using base::ErrorCode;

constexpr std::size_t kMaxHead = 16 * 1024;
constexpr int kNotAllowed = 407;  // also stands for SOCKS5's refusal of user and password

// ---- HTTP -------------------------------------------------------------------------------------------

class ConnectHandshake final : public ProxyHandshake {
 public:
  ConnectHandshake(const Proxy& proxy, const ProxyTarget& target) {
    const std::string host = target.host.contains(':') ? "[" + target.host + "]" : target.host;
    const std::string authority = host + ":" + std::to_string(target.port);
    request_ = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (proxy.has_credentials())
      request_ += "Proxy-Authorization: Basic " +
                  base::to_base64(base::as_bytes(proxy.user + ":" + proxy.password)) + "\r\n";
    request_ += "\r\n";
  }

  std::string begin() override { return std::move(request_); }

  base::Result<Step> feed(std::string_view bytes) override {
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (head_.size() > kMaxHead) return not_http();
      return Step{};
    }
    WA_TRY(const int status, status_of(head_));
    if (status == kNotAllowed)
      return base::fail(ErrorCode::kUnavailable, "the proxy wants other credentials (407)", status);
    if (status < 200 || status > 299)
      return base::fail(ErrorCode::kUnavailable,
                        "the proxy refuses the connection with HTTP status " + std::to_string(status),
                        status);
    return Step{.open = true, .early = head_.substr(end + 4)};
  }

 private:
  static std::unexpected<base::Error> not_http() {
    return base::fail(ErrorCode::kMalformed, "the proxy does not answer in HTTP");
  }
  static base::Result<int> status_of(std::string_view head) {
    int status = 0;
    if (!head.starts_with("HTTP/1.") || head.size() < 12 || head[8] != ' ') return not_http();
    const auto [end, error] = std::from_chars(head.data() + 9, head.data() + 12, status);
    if (error != std::errc{} || end != head.data() + 12) return not_http();
    return status;
  }

  std::string request_;
  std::string head_;
};

// ---- SOCKS5 -----------------------------------------------------------------------------------------

constexpr char kVersion = 5;
constexpr char kNoAuthentication = 0;
constexpr char kUserAndPassword = 2;
constexpr char kConnect = 1;
enum AddressType : char { kIpv4 = 1, kName = 3, kIpv6 = 4 };

std::string address_bytes(const std::string& host) {
  char address[16];
  if (inet_pton(AF_INET, host.c_str(), address) == 1) return std::string{kIpv4} + std::string(address, 4);
  if (inet_pton(AF_INET6, host.c_str(), address) == 1) return std::string{kIpv6} + std::string(address, 16);
  return std::string{kName, static_cast<char>(host.size())} + host;
}

std::string_view reason(int reply) {
  switch (reply) {
    case 2:
      return "its rules forbid it";
    case 3:
      return "network unreachable";
    case 4:
      return "host unreachable";
    case 5:
      return "connection refused";
    case 6:
      return "time to live expired";
    default:
      return "failure";
  }
}

class Socks5Handshake final : public ProxyHandshake {
 public:
  Socks5Handshake(const Proxy& proxy, const ProxyTarget& target) : proxy_(proxy) {
    const auto port = base::big_endian<2>(static_cast<std::uint64_t>(target.port));
    request_ =
        std::string{kVersion, kConnect, 0} + address_bytes(target.host) + std::string{base::as_text(port)};
  }

  std::string begin() override {
    // One method only: a proxy that takes no credentials although we have some is not the one we mean.
    return {kVersion, 1, proxy_.has_credentials() ? kUserAndPassword : kNoAuthentication};
  }

  base::Result<Step> feed(std::string_view bytes) override {
    buffer_ += bytes;
    Step step;
    for (;;) {
      const std::size_t size = answer_size();
      if (buffer_.size() < size || size == 0) return step;
      const std::string answer = buffer_.substr(0, size);
      buffer_.erase(0, size);
      WA_TRY_VOID(read(answer, step));
      if (!step.open) continue;
      step.early = std::move(buffer_);
      return step;
    }
  }

 private:
  enum class State { kMethod, kLogin, kReply };

  /// Of the next answer, as far as it can be known; 0: more must come first.
  [[nodiscard]] std::size_t answer_size() const {
    if (state_ != State::kReply) return 2;
    if (buffer_.size() < 5) return 0;
    const std::size_t fixed = 6;  // version, reply, reserved, type, port
    switch (buffer_[3]) {
      case kIpv4:
        return fixed + 4;
      case kIpv6:
        return fixed + 16;
      case kName:
        return fixed + 1 + static_cast<unsigned char>(buffer_[4]);
      default:
        return 5;  // read() refuses it
    }
  }

  base::Result<void> read(const std::string& answer, Step& step) {
    switch (state_) {
      case State::kMethod:
        return read_method(answer, step);
      case State::kLogin:
        if (answer[1] != 0)
          return base::fail(ErrorCode::kUnavailable, "the proxy refuses user and password", kNotAllowed);
        return ask(step);
      case State::kReply:
        return read_reply(answer, step);
    }
    return {};
  }

  base::Result<void> read_method(const std::string& answer, Step& step) {
    if (answer[0] != kVersion) return not_socks();
    if (answer[1] == kNoAuthentication && !proxy_.has_credentials()) return ask(step);
    if (answer[1] != kUserAndPassword || !proxy_.has_credentials())
      return base::fail(ErrorCode::kUnavailable, "the proxy wants other credentials", kNotAllowed);
    state_ = State::kLogin;
    step.to_send += std::string{1, static_cast<char>(proxy_.user.size())} + proxy_.user +
                    static_cast<char>(proxy_.password.size()) + proxy_.password;
    return {};
  }

  base::Result<void> ask(Step& step) {
    state_ = State::kReply;
    step.to_send += request_;
    return {};
  }

  static base::Result<void> read_reply(const std::string& answer, Step& step) {
    if (answer[0] != kVersion) return not_socks();
    const int reply = static_cast<unsigned char>(answer[1]);
    if (reply != 0)
      return base::fail(
          ErrorCode::kUnavailable,
          "the proxy cannot connect: " + std::string{reason(reply)} + " (" + std::to_string(reply) + ")",
          reply);
    if (answer.size() < 10 && answer[3] != kName) return not_socks();
    step.open = true;
    return {};
  }

  static std::unexpected<base::Error> not_socks() {
    return base::fail(ErrorCode::kMalformed, "the proxy does not answer in SOCKS5");
  }

  Proxy proxy_;
  std::string request_;
  std::string buffer_;
  State state_ = State::kMethod;
};

}  // namespace

base::Result<std::unique_ptr<ProxyHandshake>> make_proxy_handshake(const Proxy& proxy,
                                                                   const ProxyTarget& target) {
  const bool clean = std::ranges::none_of(target.host, [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '/' || c == '@';
  });
  if (!clean || target.host.empty() || target.host.size() > 255 || target.port < 1 || target.port > 65'535)
    return base::fail(ErrorCode::kInvalidArgument, "no target that a proxy could be asked for");
  if (proxy.is_socks()) return std::make_unique<Socks5Handshake>(proxy, target);
  return std::make_unique<ConnectHandshake>(proxy, target);
}

}  // namespace runtime
