#include "simulator/simulator.h"

#include <stdexcept>
#include <unordered_map>

#include "base/encoding.h"
#include "runtime/http_server.h"
#include "simulator/client_connection.h"
#include "simulator/control_api.h"
#include "simulator/media_host/media_hosts.h"
#include "simulator/world.h"

namespace simulator {
namespace {

using base::Result;

constexpr std::string_view kSocketPath = "/ws/chat";
constexpr std::uint64_t kYear = 365 * 24 * 60 * 60;

/// The Noise identity of the server: its key, and the chain that a pinned root vouches with.
struct ServerIdentity {
  crypto::PublicKey root{};
  whatsapp::noise::ServerCredentials credentials;
};

ServerIdentity make_identity(base::Random& random, std::int64_t now) {
  whatsapp::noise::CertificateIssue issue;
  issue.root = crypto::generate_key_pair(random);
  issue.intermediate = crypto::generate_key_pair(random);
  crypto::KeyPair key = crypto::generate_key_pair(random);
  issue.server_key = key.public_key;
  issue.validity = {static_cast<std::uint64_t>(now) - kYear, static_cast<std::uint64_t>(now) + 10 * kYear};
  return {issue.root.public_key, {std::move(key), whatsapp::noise::issue_chain(issue, random)}};
}

template <class T>
T& require(Result<T*> created) {
  if (!created) throw std::invalid_argument(created.error().message);
  return **created;
}

}  // namespace

class Simulator::Impl {
 public:
  Impl(runtime::EventLoop& loop, const Settings& settings)
      : world(loop, settings),
        identity(make_identity(world.random(), loop.clock().unix_seconds())),
        control(world, [this] { return address(); }),
        timers(loop) {}

  Result<void> listen(runtime::EventLoop& loop, const Settings& settings) {
    runtime::HttpServerSettings http;
    http.bind = settings.bind;
    http.port = settings.port;
    http.tls_certificate = settings.tls_certificate;
    http.tls_key = settings.tls_key;
    secure = !settings.tls_certificate.empty();
    const runtime::HttpHandler handler = [this](runtime::ServerRequest request) {
      return control.answer(std::move(request));
    };
    const runtime::WebSocketAcceptor acceptor =
        [this](std::unique_ptr<runtime::WebSocket> socket,
               const runtime::ServerRequest& request) -> runtime::WebSocketListener* {
      return accept(std::move(socket), request);
    };
    WA_TRY(server, runtime::HttpServer::listen(loop, http, handler, acceptor));
    if (settings.media.hosts > 0) {
      // Transfers end on threads of their own; those who wait for them are asked on the loop.
      world.server().state().media.changed = [this, &loop] {
        loop.post([living = std::weak_ptr(alive), this] {
          if (!living.expired()) world.changed();
        });
      };
      WA_TRY(media, MediaHosts::start(world.server().state().media, settings.media, settings.bind));
    }
    host = settings.bind == "0.0.0.0" ? "127.0.0.1" : settings.bind;
    return {};
  }

  runtime::WebSocketListener* accept(std::unique_ptr<runtime::WebSocket> socket,
                                     const runtime::ServerRequest& request) {
    if (request.path != kSocketPath) return nullptr;
    if (world.server().state().faults.take(Fault::Kind::kRefuseUpgrade)) return nullptr;
    auto connection = std::make_unique<ClientConnection>(
        world.server(), identity.credentials, std::move(socket),
        [this](ClientConnection* gone) { timers.soon([this, gone] { connections.erase(gone); }); });
    ClientConnection* raw = connection.get();
    connections.emplace(raw, std::move(connection));
    return raw;
  }

  [[nodiscard]] std::string url(std::string_view scheme) const {
    return std::string{scheme} + (secure ? "s" : "") + "://" + host + ':' + std::to_string(server->port());
  }
  [[nodiscard]] ServerAddress address() const {
    return {url("ws") + std::string{kSocketPath}, base::to_hex(identity.root), world.settings().seed,
            media == nullptr ? std::string{} : media->authority()};
  }

  World world;
  ServerIdentity identity;
  ControlApi control;
  std::unordered_map<ClientConnection*, std::unique_ptr<ClientConnection>> connections;
  std::unique_ptr<runtime::HttpServer> server;
  std::string host;
  bool secure = false;
  Timers timers;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  std::unique_ptr<MediaHosts> media;
};

Simulator::Simulator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Simulator::~Simulator() = default;

Result<std::unique_ptr<Simulator>> Simulator::start(runtime::EventLoop& loop, Settings settings) {
  auto impl = std::make_unique<Impl>(loop, settings);
  WA_TRY_VOID(impl->listen(loop, settings));
  return std::unique_ptr<Simulator>(new Simulator(std::move(impl)));
}

runtime::Task<void> Simulator::close() {
  for (auto& [raw, connection] : impl_->connections) connection->close();
  co_await impl_->server->close();
  impl_->connections.clear();
}

int Simulator::port() const { return impl_->server->port(); }
std::string Simulator::url() const { return impl_->address().url; }
std::string Simulator::control_url() const { return impl_->url("http"); }
const crypto::PublicKey& Simulator::noise_root() const { return impl_->identity.root; }
std::string Simulator::media_authority() const { return impl_->address().media_authority; }
World& Simulator::world() { return impl_->world; }

SimulatedPhone& Simulator::create_phone(PersonOptions options) {
  return require(impl_->world.create_phone(options));
}

SimulatedContact& Simulator::create_contact(ContactOptions options) {
  return require(impl_->world.create_contact(options));
}

runtime::Task<Result<void>> Simulator::wait_until(std::function<bool()> condition, base::Duration timeout) {
  return impl_->world.wait_until(std::move(condition), timeout);
}

Result<void> Simulator::inject(std::string_view device, const Fault& fault) {
  return impl_->world.inject(device, fault);
}

Result<DeviceStatus> Simulator::device(std::string_view jid) const { return impl_->world.status(jid); }
std::vector<DeviceStatus> Simulator::companions() const { return impl_->world.companions(); }
const std::vector<Violation>& Simulator::violations() const {
  return impl_->world.server().state().violations;
}

void Simulator::set_pairing(PairingSettings settings) {
  impl_->world.server().state().settings.pairing = settings;
}
void Simulator::expire_refs() { impl_->world.server().linking().expire_refs(); }

}  // namespace simulator
