#include "app/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/encoding.h"
#include "base/random.h"
#include "base/result.h"

extern char** environ;  // NOLINT: POSIX

namespace worker {
namespace {

/// The production root of WhatsApp's Noise certificates.
constexpr std::string_view kNoiseRoot = "142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b";

enum class Secrecy { kPublic, kSecret };

/// One row of the table. `parse` returns what is allowed when the value is not.
struct Setting {
  std::string name;
  std::string default_text;
  std::string allowed;
  std::string meaning;
  Secrecy secrecy = Secrecy::kPublic;
  std::function<bool(Config&, const std::string&)> parse;
  std::function<std::string(const Config&)> show;
};

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Setting milliseconds(std::string name, base::Duration Config::*field, std::int64_t least, std::int64_t most,
                     std::string meaning, std::string default_text = {}) {
  Setting row;
  row.name = std::move(name);
  row.default_text = default_text.empty() ? fmt::format("{}", (Config{}.*field).count()) : default_text;
  row.allowed = fmt::format("between {} and {} (milliseconds)", least, most);
  row.meaning = std::move(meaning);
  row.parse = [=](Config& config, const std::string& text) {
    const auto value = parse_integer<std::int64_t>(text);
    if (!value || *value < least || *value > most) return false;
    config.*field = base::Duration{*value};
    return true;
  };
  row.show = [=](const Config& config) { return fmt::format("{}", (config.*field).count()); };
  return row;
}

template <class Integer>
Setting number(std::string name, Integer Config::*field, Integer least, Integer most, std::string meaning,
               std::string default_text = {}) {
  Setting row;
  row.name = std::move(name);
  row.default_text = default_text.empty() ? fmt::format("{}", Config{}.*field) : default_text;
  row.allowed = fmt::format("a whole number between {} and {}", least, most);
  row.meaning = std::move(meaning);
  row.parse = [=](Config& config, const std::string& text) {
    const auto value = parse_integer<Integer>(text);
    if (!value || *value < least || *value > most) return false;
    config.*field = *value;
    return true;
  };
  row.show = [=](const Config& config) { return fmt::format("{}", config.*field); };
  return row;
}

Setting text(std::string name, std::string Config::*field, std::string allowed, std::string meaning,
             Secrecy secrecy, std::function<bool(const std::string&)> accept, std::string default_text = {}) {
  Setting row;
  row.name = std::move(name);
  row.default_text = default_text.empty() ? Config{}.*field : default_text;
  row.allowed = std::move(allowed);
  row.meaning = std::move(meaning);
  row.secrecy = secrecy;
  row.parse = [=](Config& config, const std::string& value) {
    if (!accept(value)) return false;
    config.*field = value;
    return true;
  };
  row.show = [=](const Config& config) { return config.*field; };
  return row;
}

template <class Enum>
Setting choice(std::string name, Enum Config::*field, std::vector<std::pair<std::string, Enum>> choices,
               std::string meaning) {
  const auto name_of = [choices](Enum value) {
    for (const auto& [word, candidate] : choices)
      if (candidate == value) return word;
    return std::string{};
  };
  Setting row;
  row.name = std::move(name);
  row.default_text = name_of(Config{}.*field);
  for (const auto& [word, value] : choices) row.allowed += (row.allowed.empty() ? "one of " : ", ") + word;
  row.meaning = std::move(meaning);
  row.parse = [=](Config& config, const std::string& word) {
    const auto found =
        std::find_if(choices.begin(), choices.end(), [&](const auto& entry) { return entry.first == word; });
    if (found == choices.end()) return false;
    config.*field = found->second;
    return true;
  };
  row.show = [=](const Config& config) { return name_of(config.*field); };
  return row;
}

bool printable(const std::string& value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// Secrets and keys go into HTTP header lines: no spaces, no control characters.
bool header_token(const std::string& value) {
  return printable(value) && value.find(' ') == std::string::npos && value.size() <= 4096;
}

bool has_scheme(const std::string& url, std::initializer_list<std::string_view> schemes) {
  if (!header_token(url)) return false;
  return std::any_of(schemes.begin(), schemes.end(), [&](std::string_view scheme) {
    return url.starts_with(scheme) && url.size() > scheme.size();
  });
}

bool is_http_url(const std::string& url) { return has_scheme(url, {"http://", "https://"}); }
bool is_socket_url(const std::string& url) { return has_scheme(url, {"ws://", "wss://"}); }
bool is_absolute_path(const std::string& path) { return path.starts_with('/') && printable(path); }
bool is_short_name(const std::string& name) { return printable(name) && name.size() <= 64; }

bool is_version(const std::string& text) {
  int dots = 0;
  for (const char c : text) {
    if (c == '.') {
      ++dots;
    } else if (c < '0' || c > '9') {
      return false;
    }
  }
  return dots == 2 && text.front() != '.' && text.back() != '.' && text.find("..") == std::string::npos &&
         text.size() <= 32;
}

Setting noise_root() {
  Setting row;
  row.name = "WA_NOISE_ROOT";
  row.default_text = "WhatsApp's production key";
  row.allowed = "a public key of 64 hex digits";
  row.meaning = "root key of the server's Noise certificates; set only against a simulator";
  row.parse = [](Config& config, const std::string& value) {
    const auto key = base::from_hex(value);
    if (!key || key->size() != 32) return false;
    config.wa_noise_root = base::to_fixed<32>(*key);
    return true;
  };
  row.show = [](const Config& config) { return base::to_hex(config.wa_noise_root); };
  return row;
}

std::vector<Setting> edge_settings() {
  const std::string header = "printable characters without spaces, at most 4096";
  return {
      text("EDGE_BASE_URL", &Config::edge_base_url, "an http:// or https:// URL",
           "where the edge proxy answers; required unless --standalone", Secrecy::kPublic, is_http_url),
      text("WORKER_SECRET", &Config::worker_secret, header,
           "bearer token for every call to the edge; required unless --standalone", Secrecy::kSecret,
           header_token),
      text("EDGE_APIKEY", &Config::edge_apikey, header, "sent as the header apikey (Supabase)",
           Secrecy::kSecret, header_token),
      text(
          "WORKER_ID", &Config::worker_id, "at most 64 printable characters", "name of this worker",
          Secrecy::kPublic, [](const std::string& v) { return is_short_name(v) && header_token(v); },
          "host name and random digits"),
      text("INSTANCE_OWNER_PREFIX", &Config::instance_owner_prefix, "at most 64 printable characters",
           "first part of the lock owner's name", Secrecy::kPublic, is_short_name, "HOSTNAME, else worker"),
  };
}

Setting on_or_off(std::string name, Switch Config::*field, std::string meaning) {
  return choice<Switch>(
      std::move(name), field,
      {{"0", Switch::kOff}, {"1", Switch::kOn}, {"false", Switch::kOff}, {"true", Switch::kOn}},
      std::move(meaning));
}

std::vector<Setting> manner_settings() {
  return {
      on_or_off("MEDIA_ALLOW_PRIVATE", &Config::media_allow_private,
                "whether a media_url may lead to private and loopback addresses"),
      number<std::uint32_t>("MEDIA_RETENTION_HOURS", &Config::media_retention_hours, 0, 1'000'000,
                            "how long files stay in MEDIA_BASE after they are uploaded; 0: for ever"),
      number<std::uint32_t>("MEDIA_DISK_PERCENT", &Config::media_disk_percent, 10, 100,
                            "above this use of the disk the oldest uploaded files go first"),
      choice<PresenceWish>(
          "PRESENCE", &Config::presence,
          {{"unavailable", PresenceWish::kUnavailable}, {"available", PresenceWish::kAvailable}},
          "whether accounts show themselves online; available takes notifications from the phone"),
      on_or_off("FORWARD_HISTORY", &Config::forward_history,
                "whether messages from before the link go to the edge, as events of type history"),
  };
}

std::vector<Setting> timing_settings() {
  constexpr std::uint32_t kMost = 1'000'000;
  return {
      number<std::uint16_t>("PORT", &Config::port, 1, 65535,
                            "port of /health, /ready, /metrics and the page"),
      milliseconds("DISCOVERY_POLL_MS", &Config::discovery_poll, 250, 3'600'000,
                   "how often the edge is asked which instances should run"),
      milliseconds("QUEUE_POLL_MS", &Config::queue_poll, 100, 3'600'000,
                   "how often the queue of a connected instance is polled"),
      number<std::uint32_t>("MAX_ACTIVE_INSTANCES", &Config::max_active_instances, 0, kMost,
                            "most instances at once when the edge names no number; 0: no limit"),
      milliseconds("INSTANCE_LOCK_TTL_MS", &Config::lock_ttl, 5'000, 600'000,
                   "life of an instance's lock without renewal"),
      milliseconds("INSTANCE_LOCK_RENEW_MS", &Config::lock_renew, 2'000, 599'000,
                   "how often a lock is renewed; at most the TTL less 1000", "half the TTL, at least 2000"),
      milliseconds("BAD_MAC_WINDOW_MS", &Config::bad_mac_window, 1'000, 86'400'000,
                   "failures to decrypt older than this are forgotten"),
      number<std::uint32_t>("BAD_MAC_THRESHOLD", &Config::bad_mac_threshold, 1, 10'000,
                            "failures inside the window that put the auth state aside"),
      milliseconds("BAD_MAC_COOLDOWN_MS", &Config::bad_mac_cooldown, 10'000, 86'400'000,
                   "no new QR before this has passed"),
      number<std::uint32_t>("STREAM_515_WIPE_THRESHOLD", &Config::stream_515_wipe_threshold, 1, 1'000,
                            "stream errors 515 in a row without a login that count as an invalid session"),
  };
}

std::vector<Setting> whatsapp_settings() {
  return {
      text("WA_SOCKET_URL", &Config::wa_socket_url, "a ws:// or wss:// URL", "WhatsApp's WebSocket",
           Secrecy::kPublic, is_socket_url),
      noise_root(),
      text("WA_CA_FILE", &Config::wa_ca_file, "an absolute path", "further trusted TLS roots, PEM",
           Secrecy::kPublic, is_absolute_path),
      text("WA_VERSION", &Config::wa_version, "three numbers, e.g. 2.3000.1045649367",
           "web client version; fixed when set", Secrecy::kPublic, is_version, "built in, refreshed daily"),
      text("WA_DEVICE_NAME", &Config::wa_device_name, "at most 64 printable characters",
           "shown in the phone's list of linked devices", Secrecy::kPublic, is_short_name),
  };
}

std::vector<Setting> process_settings() {
  using base::LogFormat;
  using base::LogLevel;
  return {
      text("AUTH_BASE", &Config::auth_base, "an absolute path", "auth state, one folder per instance",
           Secrecy::kPublic, is_absolute_path),
      text("MEDIA_BASE", &Config::media_base, "an absolute path", "received media, one folder per instance",
           Secrecy::kPublic, is_absolute_path),
      text("EDGE_DATA", &Config::edge_data, "an absolute path", "database and media of --standalone's edge",
           Secrecy::kPublic, is_absolute_path),
      text(
          "EDGE_API_KEY", &Config::edge_api_key, "8 to 4096 printable characters without spaces",
          "key for the REST API and the page of --standalone's edge", Secrecy::kSecret,
          [](const std::string& v) { return header_token(v) && v.size() >= 8; }, "made at the first start"),
      choice<StoreDurability>(
          "STORE_DURABILITY", &Config::store_durability,
          {{"full", StoreDurability::kFull}, {"normal", StoreDurability::kNormal}},
          "full: a commit survives a power cut; normal: it survives a crash of the process"),
      number<std::uint32_t>("SHARDS", &Config::shards, 0, 256, "event loops; 0: one per core"),
      choice<LogLevel>("LOG_LEVEL", &Config::log_level,
                       {{"trace", LogLevel::kTrace},
                        {"debug", LogLevel::kDebug},
                        {"info", LogLevel::kInfo},
                        {"warn", LogLevel::kWarn},
                        {"error", LogLevel::kError},
                        {"off", LogLevel::kOff}},
                       "least level that is logged"),
      choice<LogFormat>("LOG_FORMAT", &Config::log_format,
                        {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}, "form of the log lines"),
  };
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = [] {
    std::vector<Setting> all;
    for (auto group :
         {edge_settings(), timing_settings(), process_settings(), whatsapp_settings(), manner_settings()})
      all.insert(all.end(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
    return all;
  }();
  return table;
}

std::string mistake_about(const Setting& setting, const std::string& value) {
  const std::string shown = setting.secrecy == Secrecy::kSecret ? "(secret)" : value;
  return fmt::format("{}={}: must be {}", setting.name, shown, setting.allowed);
}

const std::string* find(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? nullptr : &found->second;
}

void require_edge(ConfigOutcome& outcome, const Environment& environment) {
  for (const char* name : {"EDGE_BASE_URL", "WORKER_SECRET"})
    if (find(environment, name) == nullptr)
      outcome.mistakes.push_back(fmt::format("{}: is required unless --standalone is given", name));
}

/// The renewal interval depends on the TTL: half of it by default, never close to it.
void settle_lock_renewal(ConfigOutcome& outcome, const Environment& environment) {
  using std::chrono_literals::operator""ms;
  Config& config = outcome.config;
  if (find(environment, "INSTANCE_LOCK_RENEW_MS") == nullptr) {
    config.lock_renew = std::max<base::Duration>(config.lock_ttl / 2, 2'000ms);
    return;
  }
  const base::Duration most = config.lock_ttl - 1'000ms;
  if (config.lock_renew <= most) return;
  outcome.mistakes.push_back(
      fmt::format("INSTANCE_LOCK_RENEW_MS={}: must be at most {}, the lock's TTL less 1000 (milliseconds)",
                  config.lock_renew.count(), most.count()));
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? std::string{name} : "worker";
}

void fill_names(Config& config, const Environment& environment) {
  if (config.worker_id.empty()) {
    base::SystemRandom random;
    config.worker_id = host_name().substr(0, 48) + "-" + base::to_hex(random.bytes<4>());
  }
  if (config.instance_owner_prefix.empty()) {
    const std::string* host = find(environment, "HOSTNAME");
    config.instance_owner_prefix = host != nullptr ? *host : "worker";
  }
}

bool is_known(const std::string& name) {
  return std::any_of(settings().begin(), settings().end(),
                     [&](const Setting& setting) { return setting.name == name; });
}

/// An edge in the same process costs nothing to ask, and somebody sits before its page.
void quicken(Config& config) {
  config.discovery_poll = base::Duration{1'000};
  config.queue_poll = base::Duration{500};
}

}  // namespace

ConfigOutcome read_config(const Environment& environment, Mode mode) {
  ConfigOutcome outcome;
  if (mode == Mode::kStandalone) quicken(outcome.config);
  outcome.config.wa_noise_root = base::to_fixed<32>(*base::from_hex(kNoiseRoot));
  for (const Setting& setting : settings()) {
    const std::string* value = find(environment, setting.name);
    if (value != nullptr && !setting.parse(outcome.config, *value))
      outcome.mistakes.push_back(mistake_about(setting, *value));
  }
  if (mode == Mode::kEdgeProxy) require_edge(outcome, environment);
  settle_lock_renewal(outcome, environment);
  fill_names(outcome.config, environment);
  for (const auto& [name, value] : environment)
    if (name.starts_with("WA_") && !is_known(name))
      outcome.warnings.push_back(fmt::format("{}: is not a setting of this program", name));
  return outcome;
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view pair{*entry};
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos)
      environment.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return environment;
}

std::string describe_settings() {
  std::string out;
  for (const Setting& setting : settings()) {
    const std::string fallback = setting.default_text.empty() ? "none" : setting.default_text;
    out += fmt::format("  {:<26} {}\n  {:<26} allowed: {}; default: {}\n", setting.name, setting.meaning, "",
                       setting.allowed, fallback);
  }
  return out;
}

std::string describe_values(const Config& config) {
  std::string out;
  for (const Setting& setting : settings()) {
    std::string value = setting.show(config);
    if (setting.secrecy == Secrecy::kSecret && !value.empty()) value = "(set)";
    out += fmt::format("{}={}\n", setting.name, value);
  }
  return out;
}

}  // namespace worker
