#include "app/config.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace std::chrono_literals;
using worker::ConfigOutcome;
using worker::Environment;
using worker::Mode;

namespace {

Environment usable(Environment more = {}) {
  more.try_emplace("EDGE_BASE_URL", "https://edge.example/functions/v1/worker-proxy");
  more.try_emplace("WORKER_SECRET", "s3cret-token");
  return more;
}

ConfigOutcome read(Environment more = {}) {
  return worker::read_config(usable(std::move(more)), Mode::kEdgeProxy);
}

}  // namespace

TEST_CASE("the defaults are those of the contract") {
  const auto outcome = read({{"HOSTNAME", "box"}});
  REQUIRE(outcome.mistakes.empty());
  const auto& config = outcome.config;
  CHECK(config.port == 3000);
  CHECK(config.discovery_poll == 10s);
  CHECK(config.queue_poll == 2s);
  CHECK(config.lock_ttl == 30s);
  CHECK(config.lock_renew == 15s);
  CHECK(config.auth_base == "/data/auth");
  CHECK(config.media_base == "/data/media");
  CHECK(config.bad_mac_window == 60s);
  CHECK(config.bad_mac_threshold == 20);
  CHECK(config.bad_mac_cooldown == 5min);
  CHECK(config.stream_515_wipe_threshold == 3);
  CHECK(config.wa_socket_url == "wss://web.whatsapp.com/ws/chat");
  CHECK(config.instance_owner_prefix == "box");
  CHECK_FALSE(config.worker_id.empty());
}

TEST_CASE("edge and secret are required, unless standalone") {
  CHECK(worker::read_config({}, Mode::kEdgeProxy).mistakes.size() == 2);
  CHECK(worker::read_config({}, Mode::kStandalone).mistakes.empty());
}

TEST_CASE("an empty variable counts as absent") {
  CHECK(read({{"PORT", ""}}).config.port == 3000);
  CHECK(worker::read_config({{"EDGE_BASE_URL", ""}, {"WORKER_SECRET", "x"}}, Mode::kEdgeProxy)
            .mistakes.size() == 1);
}

TEST_CASE("every mistake is told, with name, value and what is allowed") {
  const auto outcome = read({{"PORT", "70000"},
                             {"QUEUE_POLL_MS", "fast"},
                             {"STORE_DURABILITY", "maybe"},
                             {"WA_NOISE_ROOT", "beef"},
                             {"AUTH_BASE", "data"},
                             {"WA_VERSION", "2.3000"}});
  CHECK(outcome.mistakes.size() == 6);
  const auto told = [&](const std::string& sentence) {
    return std::count(outcome.mistakes.begin(), outcome.mistakes.end(), sentence) == 1;
  };
  CHECK(told("PORT=70000: must be a whole number between 1 and 65535"));
  CHECK(told("QUEUE_POLL_MS=fast: must be between 100 and 3600000 (milliseconds)"));
  CHECK(told("STORE_DURABILITY=maybe: must be one of full, normal"));
}

TEST_CASE("numbers with signs, spaces, fractions or too many digits are refused") {
  for (const char* text : {"-1", "+5", " 5", "5 ", "1e3", "0x10", "99999999999999999999", "3.5"})
    CHECK_MESSAGE(read({{"BAD_MAC_THRESHOLD", text}}).mistakes.size() == 1, text);
}

TEST_CASE(
    "the clamps: lock TTL at least 5000, renewal between 2000 and TTL less 1000, cooldown at least 10000") {
  CHECK(read({{"INSTANCE_LOCK_TTL_MS", "4999"}}).mistakes.size() == 1);
  CHECK(read({{"INSTANCE_LOCK_TTL_MS", "5000"}}).mistakes.empty());
  CHECK(read({{"INSTANCE_LOCK_RENEW_MS", "1999"}}).mistakes.size() == 1);
  CHECK(read({{"INSTANCE_LOCK_TTL_MS", "10000"}, {"INSTANCE_LOCK_RENEW_MS", "9000"}}).mistakes.empty());
  CHECK(read({{"INSTANCE_LOCK_TTL_MS", "10000"}, {"INSTANCE_LOCK_RENEW_MS", "9001"}}).mistakes.size() == 1);
  CHECK(read({{"BAD_MAC_COOLDOWN_MS", "9999"}}).mistakes.size() == 1);
}

TEST_CASE("without a renewal interval of its own it is half the TTL, at least 2000") {
  CHECK(read({{"INSTANCE_LOCK_TTL_MS", "60000"}}).config.lock_renew == 30s);
  CHECK(read({{"INSTANCE_LOCK_TTL_MS", "5000"}}).config.lock_renew == 2500ms);
}

TEST_CASE("no secret is ever shown") {
  const auto wrong = read({{"WORKER_SECRET", "two words"}});
  REQUIRE(wrong.mistakes.size() == 1);
  CHECK(wrong.mistakes[0].find("two words") == std::string::npos);
  const auto values = worker::describe_values(read({{"EDGE_APIKEY", "key-of-the-edge"}}).config);
  CHECK(values.find("key-of-the-edge") == std::string::npos);
  CHECK(values.find("s3cret-token") == std::string::npos);
  CHECK(values.find("EDGE_APIKEY=(set)") != std::string::npos);
}

TEST_CASE("control characters never reach a header or a path") {
  CHECK(read({{"WORKER_SECRET", "a\r\nb"}}).mistakes.size() == 1);
  CHECK(read({{"WORKER_ID", "a\nb"}}).mistakes.size() == 1);
  CHECK(read({{"AUTH_BASE", "/data\n/x"}}).mistakes.size() == 1);
}

TEST_CASE("a WA_ variable nobody reads is a warning, not a mistake") {
  const auto outcome = read({{"WA_SOKET_URL", "ws://x/"}});
  CHECK(outcome.mistakes.empty());
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0].starts_with("WA_SOKET_URL"));
}

TEST_CASE("every setting is described with its default and what is allowed") {
  const auto text = worker::describe_settings();
  for (const char* name : {"EDGE_BASE_URL",
                           "WORKER_SECRET",
                           "PORT",
                           "DISCOVERY_POLL_MS",
                           "QUEUE_POLL_MS",
                           "INSTANCE_LOCK_TTL_MS",
                           "INSTANCE_LOCK_RENEW_MS",
                           "AUTH_BASE",
                           "MEDIA_BASE",
                           "MAX_ACTIVE_INSTANCES",
                           "BAD_MAC_WINDOW_MS",
                           "BAD_MAC_THRESHOLD",
                           "BAD_MAC_COOLDOWN_MS",
                           "INSTANCE_OWNER_PREFIX",
                           "WORKER_ID",
                           "EDGE_APIKEY",
                           "STORE_DURABILITY",
                           "SHARDS",
                           "LOG_LEVEL",
                           "LOG_FORMAT",
                           "WA_SOCKET_URL",
                           "WA_NOISE_ROOT",
                           "WA_CA_FILE",
                           "WA_VERSION",
                           "WA_DEVICE_NAME",
                           "STREAM_515_WIPE_THRESHOLD"})
    CHECK_MESSAGE(text.find(name) != std::string::npos, name);
}
