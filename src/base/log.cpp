#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace base {
namespace {

LogFormat g_format = LogFormat::kText;  // set once by start_logging, before other threads exist

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"\\=\n\r\t") != std::string_view::npos;
}

void append_text_value(std::string& out, std::string_view value) {
  if (needs_quotes(value)) {
    append_json_string(out, value);
  } else {
    out += value;
  }
}

std::string as_text_line(const std::string* instance, std::string_view message,
                         std::initializer_list<LogField> fields) {
  std::string line;
  if (instance != nullptr) {
    line += "instance=";
    append_text_value(line, *instance);
    line += ' ';
  }
  for (const auto& field : fields) {
    line.append(field.key).append("=");
    append_text_value(line, field.value);
    line += ' ';
  }
  append_json_string(line, message);
  return line;
}

std::string as_json_fields(const std::string* instance, std::string_view message,
                           std::initializer_list<LogField> fields) {
  std::string line = "\"message\":";
  append_json_string(line, message);
  if (instance != nullptr) {
    line += ",\"instance\":";
    append_json_string(line, *instance);
  }
  for (const auto& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    append_json_string(line, field.value);
  }
  return line;
}

}  // namespace

void start_logging(const LogSettings& settings) {
  g_format = settings.format;
  spdlog::init_thread_pool(settings.queue_size, 1);
  auto sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
  auto logger = std::make_shared<spdlog::async_logger>("wa", sink, spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(to_spdlog(settings.level));
  logger->flush_on(spdlog::level::info);
  const char* pattern = settings.format == LogFormat::kJson
                            ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                            : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
  auto formatter = std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc);
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
}

void stop_logging() { spdlog::shutdown(); }

std::size_t dropped_log_lines() {
  const auto pool = spdlog::thread_pool();
  return pool ? pool->overrun_counter() : 0;
}

void Log::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
  auto* logger = spdlog::default_logger_raw();
  if (logger == nullptr || !logger->should_log(to_spdlog(level))) return;
  const std::string line = g_format == LogFormat::kJson ? as_json_fields(instance_.get(), message, fields)
                                                        : as_text_line(instance_.get(), message, fields);
  logger->log(to_spdlog(level), spdlog::string_view_t{line});
}

void Log::debug(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kDebug, message, fields);
}
void Log::info(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kInfo, message, fields);
}
void Log::warn(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kWarn, message, fields);
}
void Log::error(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kError, message, fields);
}

std::string masked(std::string_view jid) {
  const std::size_t at = jid.find('@');
  const std::string_view user = jid.substr(0, at);
  const std::string_view server = at == std::string_view::npos ? std::string_view{} : jid.substr(at);
  if (user.size() <= 8) return fmt::format("…{}", server);
  return fmt::format("{}…{}{}", user.substr(0, 5), user.substr(user.size() - 4), server);
}

}  // namespace base
