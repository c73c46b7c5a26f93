#include "base/log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <string>

using namespace base;

namespace {

/// What is written to standard output while `body` runs with logging on.
std::string logged(const LogSettings& settings, const std::function<void()>& body) {
  std::fflush(stdout);
  const int saved = ::dup(STDOUT_FILENO);
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  ::dup2(::fileno(file), STDOUT_FILENO);
  start_logging(settings);
  body();
  stop_logging();
  std::fflush(stdout);
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);

  std::string out;
  std::rewind(file);
  std::array<char, 4096> buffer{};
  for (std::size_t read = 0; (read = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;)
    out.append(buffer.data(), read);
  std::fclose(file);
  return out;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a text line has time, level, instance, fields and the sentence") {
  const std::string line = logged({}, [] {
    Log{"6f9b"}.warn("20 messages", {{"reason", "bad_mac"}, {"failures", 20}, {"why", "two words"}});
  });
  CHECK(contains(line,
                 "Z warning instance=6f9b reason=bad_mac failures=20 why=\"two words\" \"20 messages\"\n"));
  CHECK(line[4] == '-');
  CHECK(line[10] == 'T');
}

TEST_CASE("a JSON line is one object with escaped texts") {
  const std::string line = logged({.format = LogFormat::kJson}, [] {
    Log{"a\"b"}.error("line\nbreak", {{"path", "c:\\d"}});
  });
  CHECK(contains(line, R"("level":"error","message":"line\u000abreak","instance":"a\"b","path":"c:\\d"})"));
  CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("line breaks in a field cannot forge a second line") {
  const std::string text = logged({}, [] { Log{}.info("x", {{"name", "a\nERROR forged"}}); });
  CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("lines below the level are not written") {
  const std::string text = logged({.level = LogLevel::kWarn}, [] {
    Log log;
    log.debug("low");
    log.info("low");
    log.warn("high");
  });
  CHECK_FALSE(contains(text, "low"));
  CHECK(contains(text, "high"));
}

TEST_CASE("addresses are shortened so that nobody can be called from a log") {
  CHECK(masked("5511999999999@s.whatsapp.net") == "55119…9999@s.whatsapp.net");
  CHECK(masked("12345678@lid") == "…@lid");
  CHECK(masked("") == "…");
}
