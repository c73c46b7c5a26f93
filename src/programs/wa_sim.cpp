// wa-sim: a WhatsApp on the desk. Prints one line of JSON when it listens, serves until SIGINT or SIGTERM.
#include <signal.h>
#include <uv.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/encoding.h"
#include "runtime/event_loop.h"
#include "runtime/file_limit.h"
#include "runtime/task_scope.h"
#include "simulator/simulator.h"

namespace {

/// Stops the loop at SIGINT and SIGTERM.
class StopSignals {
 public:
  explicit StopSignals(runtime::EventLoop& loop) : loop_(loop) {
    watch(interrupt_, SIGINT);
    watch(terminate_, SIGTERM);
  }
  /// The handles close in the loop's last turns, so they must outlive it.
  void close() {
    uv_close(reinterpret_cast<uv_handle_t*>(&interrupt_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&terminate_), nullptr);
  }

 private:
  void watch(uv_signal_t& handle, int number) {
    uv_signal_init(loop_.uv(), &handle);
    handle.data = &loop_;
    uv_signal_start(
        &handle, [](uv_signal_t* fired, int) { static_cast<runtime::EventLoop*>(fired->data)->stop(); },
        number);
  }

  runtime::EventLoop& loop_;
  uv_signal_t interrupt_{};
  uv_signal_t terminate_{};
};

void add_options(CLI::App& app, simulator::Settings& settings) {
  app.add_option("--bind", settings.bind, "Address to listen on")
      ->envname("WA_SIM_BIND")
      ->capture_default_str();
  app.add_option("--port", settings.port, "Port of the WebSocket and the control API; 0: any free one")
      ->envname("WA_SIM_PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "Every key, id and ref follows from it")
      ->envname("WA_SIM_SEED")
      ->capture_default_str();
  app.add_option("--tls-cert", settings.tls_certificate, "PEM file; together with --tls-key: wss and https")
      ->envname("WA_SIM_TLS_CERT");
  app.add_option("--media-hosts", settings.media.hosts, "How many media hosts; 0: none")
      ->envname("WA_SIM_MEDIA_HOSTS")
      ->check(CLI::Range(0, 16))
      ->capture_default_str();
  app.add_option("--media-port", settings.media.port, "Port of the first media host; 0: any free ones")
      ->envname("WA_SIM_MEDIA_PORT")
      ->check(CLI::Range(0, 65500))
      ->capture_default_str();
  app.add_option(
         "--media-ca", settings.media.authority_folder,
         "Folder with ca.pem and ca.key of the media hosts; made if missing; empty: new at each start")
      ->envname("WA_SIM_MEDIA_CA");
  app.add_option("--tls-key", settings.tls_key, "PEM file")->envname("WA_SIM_TLS_KEY");
}

runtime::Task<void> close_and_stop(simulator::Simulator* running, runtime::EventLoop* loop) {
  co_await running->close();
  loop->stop();
}

int serve(const simulator::Settings& settings) {
  base::SystemClock clock;
  runtime::EventLoop loop(clock);
  StopSignals stop(loop);
  auto started = simulator::Simulator::start(loop, settings);
  if (!started) {
    std::fprintf(stderr, "wa-sim: %s\n", started.error().message.c_str());
    stop.close();
    loop.run_until_idle();
    return 1;
  }
  std::printf("{\"ready\":true,\"port\":%d,\"url\":\"%s\",\"control\":\"%s\",\"noise_root\":\"%s\"}\n",
              (*started)->port(), (*started)->url().c_str(), (*started)->control_url().c_str(),
              base::to_hex((*started)->noise_root()).c_str());
  std::fflush(stdout);
  loop.run();
  {
    runtime::TaskScope scope(loop);
    scope.spawn(close_and_stop(started->get(), &loop));
    loop.run();
  }
  stop.close();
  loop.run_until_idle();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  simulator::Settings settings;
  CLI::App app{"wa-sim: a WhatsApp server, phones and contacts on a desk"};
  add_options(app, settings);
  CLI11_PARSE(app, argc, argv);
  runtime::raise_file_limit();
  return serve(settings);
}
