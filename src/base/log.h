// Structured log lines: one event, one line, with the instance it belongs to. Text for people or JSON
// for machines. Secrets, message bodies, keys and media bytes never go in, at any level; JIDs are
// shortened by the caller with `masked()`.
//
//   2026-11-20T23:14:07.412Z WARN  instance=6f9b reason=bad_mac_breaker failures=20 "20 messages could not …"
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace base {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat { kText, kJson };

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  std::size_t queue_size = 8192;  // lines; when full the oldest is dropped and counted
};

/// Once, in main, before the first line. Lines go to standard output through one background thread.
void start_logging(const LogSettings& settings);
/// Flushes and stops the background thread.
void stop_logging();
/// Lines dropped because standard output was stuck.
std::size_t dropped_log_lines();

/// key=value of a line.
struct LogField {
  LogField(std::string_view key_, std::string_view value_) : key(key_), value(value_) {}
  LogField(std::string_view key_, const char* value_) : key(key_), value(value_) {}
  template <class T>
  requires(std::integral<T> || std::floating_point<T>) LogField(std::string_view key_, T value_)
      : key(key_), value(fmt::format("{}", value_)) {}

  std::string_view key;
  std::string value;
};

/// A cheap handle that stamps the instance on each line. Copy it freely.
class Log {
 public:
  Log() = default;
  explicit Log(std::string_view instance) : instance_(std::make_shared<const std::string>(instance)) {}

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const;

  std::shared_ptr<const std::string> instance_;
};

/// "5511999999999@s.whatsapp.net" → "55119…9999@s.whatsapp.net": enough to recognise, not to call.
std::string masked(std::string_view jid);

}  // namespace base
