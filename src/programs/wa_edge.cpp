// wa-edge: the edge proxy as a program of its own. Configured by environment variables; see --help.
//
// Exit codes: 0 stopped by a signal, 1 it could not run (port, disk, database), 2 wrong settings.
#include <uv.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "edge_server/edge_server.h"
#include "runtime/task_scope.h"

namespace {

using base::ErrorCode;
using base::Result;

constexpr int kCannotRun = 1;
constexpr int kWrongSettings = 2;

constexpr const char* kHelp = R"(Environment:
  WORKER_SECRET          required; the bearer token of the workers, at least 8 characters
  EDGE_PORT, PORT        port to listen on (8080)
  EDGE_BIND              address to listen on (0.0.0.0)
  EDGE_DATA              folder of the database and the media (/data/edge)
  EDGE_API_KEY           API key for people; if it is not set, one is made at the first start and printed once
  EDGE_PUBLIC_URL        how media URLs begin, e.g. https://edge.example.com (as each request's Host says)
  MAX_ACTIVE_INSTANCES   told to workers; not set: they decide
  LOG_LEVEL              trace, debug, info, warn, error (info)
  LOG_FORMAT             text or json (text)
WORKER_SECRET and EDGE_API_KEY may come from files: WORKER_SECRET_FILE, EDGE_API_KEY_FILE.
)";

std::string variable(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value == nullptr || *value == 0 ? otherwise : value;
}

Result<std::string> secret(const std::string& name) {
  const auto file = variable((name + "_FILE").c_str());
  if (file.empty()) return variable(name.c_str());
  std::ifstream in(file);
  std::string line;
  if (!in || !std::getline(in, line)) return base::fail(ErrorCode::kIo, name + "_FILE: cannot be read");
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  return line;
}

Result<int> number(const char* name, const std::string& text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return base::fail(ErrorCode::kInvalidArgument,
                      fmt::format("{}={}: must be a number between {} and {}", name, text, least, most));
  return value;
}

Result<edge_server::EdgeServerSettings> read_settings() {
  edge_server::EdgeServerSettings settings;
  WA_TRY(settings.port,
         number("EDGE_PORT", variable("EDGE_PORT", variable("PORT", "8080").c_str()), 0, 65'535));
  settings.bind = variable("EDGE_BIND", "0.0.0.0");
  settings.data_folder = variable("EDGE_DATA", "/data/edge");
  WA_TRY(settings.worker_secret, secret("WORKER_SECRET"));
  WA_TRY(settings.api_key, secret("EDGE_API_KEY"));
  settings.public_url = variable("EDGE_PUBLIC_URL");
  if (const auto max = variable("MAX_ACTIVE_INSTANCES"); !max.empty()) {
    WA_TRY(const int value, number("MAX_ACTIVE_INSTANCES", max, 0, 1'000'000));
    settings.max_active_instances = static_cast<std::uint32_t>(value);
  }
  return settings;
}

Result<base::LogSettings> read_log_settings() {
  base::LogSettings settings;
  const auto level = variable("LOG_LEVEL", "info");
  const std::pair<const char*, base::LogLevel> levels[] = {
      {"trace", base::LogLevel::kTrace}, {"debug", base::LogLevel::kDebug}, {"info", base::LogLevel::kInfo},
      {"warn", base::LogLevel::kWarn},   {"error", base::LogLevel::kError},
  };
  const auto* found =
      std::ranges::find(levels, level, [](const auto& one) { return std::string{one.first}; });
  if (found == std::end(levels))
    return base::fail(ErrorCode::kInvalidArgument,
                      "LOG_LEVEL=" + level + ": trace, debug, info, warn or error");
  settings.level = found->second;
  if (variable("LOG_FORMAT", "text") == "json") settings.format = base::LogFormat::kJson;
  return settings;
}

/// Stops the loop's work at the first SIGTERM or SIGINT.
class StopSignals {
 public:
  StopSignals(runtime::EventLoop& loop, std::function<void()> on_stop) : on_stop_(std::move(on_stop)) {
    const int numbers[] = {SIGTERM, SIGINT};
    for (std::size_t i = 0; i < 2; ++i) {
      uv_signal_init(loop.uv(), &handles_[i]);
      handles_[i].data = this;
      uv_signal_start(&handles_[i], on_signal, numbers[i]);
    }
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  /// Closes its handles; the loop must turn once more, which its destructor does.
  void close() {
    for (auto& handle : handles_) uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr);
  }

 private:
  static void on_signal(uv_signal_t* handle, int) {
    auto* self = static_cast<StopSignals*>(handle->data);
    if (self->on_stop_) std::exchange(self->on_stop_, nullptr)();
  }
  uv_signal_t handles_[2]{};
  std::function<void()> on_stop_;
};

runtime::Task<void> close_then_stop(edge_server::EdgeServer& server, runtime::EventLoop& loop) {
  co_await server.close();
  loop.stop();
}

void welcome(const edge_server::EdgeServer& server, const base::Log& log) {
  log.info("the edge is listening", {{"port", server.port()}, {"page", server.page_url(server.port())}});
  if (server.first_api_key().empty()) return;
  // On standard error, past the log: it is shown this once and must not end up where logs are kept.
  std::fprintf(stderr, "\nAPI key, shown only this once: %s\nSign in at %s\n\n",
               server.first_api_key().c_str(), server.page_url(server.port()).c_str());
}

int run(edge_server::EdgeServerSettings settings) {
  const base::Log log;
  base::SystemClock clock;
  base::SystemRandom random;
  runtime::BlockingExecutor executor(2);
  runtime::EventLoop loop(clock);
  runtime::TaskScope scope(loop);
  auto server = edge_server::EdgeServer::start(loop, executor, std::move(settings), random, log);
  if (!server) {
    std::fprintf(stderr, "wa-edge: %s\n", server.error().message.c_str());
    return server.error().code == ErrorCode::kInvalidArgument ? kWrongSettings : kCannotRun;
  }
  welcome(**server, log);
  StopSignals signals(loop, [&] { scope.spawn(close_then_stop(**server, loop)); });
  loop.run();
  signals.close();
  loop.run_once();
  log.info("the edge has stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"wa-edge: the edge proxy for wa-worker, with a REST API and a page."};
  app.footer(kHelp);
  CLI11_PARSE(app, argc, argv);

  auto settings = read_settings();
  const auto log_settings = read_log_settings();
  if (!settings || !log_settings) {
    const auto& error = settings ? log_settings.error() : settings.error();
    std::fprintf(stderr, "config error: %s\n", error.message.c_str());
    return kWrongSettings;
  }
  base::start_logging(*log_settings);
  const int code = run(*std::move(settings));
  base::stop_logging();
  return code;
}
