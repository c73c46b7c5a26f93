#include "app/version_keeper.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>

namespace fs = std::filesystem;
using worker::VersionKeeper;

namespace {

struct Fixture {
  Fixture() {
    std::string pattern = (fs::temp_directory_path() / "wa-version-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~Fixture() { fs::remove_all(folder); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  fs::path cache(const std::string& text) const {
    std::ofstream(folder / "cache") << text;
    return folder / "cache";
  }
  fs::path folder;
  const whatsapp::WebVersion built_in{};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "without a cache, or with a broken one, the built-in version holds") {
  CHECK(VersionKeeper(folder / "none", "").current() == built_in);
  CHECK(VersionKeeper(cache("rubbish"), "").current() == built_in);
  CHECK(VersionKeeper(cache(""), "").current() == built_in);
}

TEST_CASE_FIXTURE(Fixture, "a cached version is used only when it is newer than the built-in one") {
  CHECK(VersionKeeper(cache("2.3000.4294967295\n"), "").current().tertiary == 4294967295U);
  CHECK(VersionKeeper(cache("2.3000.1\n"), "").current() == built_in);
}

TEST_CASE_FIXTURE(Fixture, "a fixed version wins over everything, older or not") {
  CHECK(VersionKeeper(cache("2.3000.4294967295\n"), "2.3000.7").current().tertiary == 7);
}
