#include "connection/auth_quarantine.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

struct Fixture {
  Fixture() {
    std::string pattern = (fs::temp_directory_path() / "wa-quarantine-XXXXXX").string();
    base_folder = mkdtemp(pattern.data());
  }
  ~Fixture() { fs::remove_all(base_folder); }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  void put_aside(const std::string& id) {
    const auto place = quarantine().place_for(id);
    fs::create_directories(place);
    std::ofstream(place / "device.db") << "x";
  }
  worker::AuthQuarantine quarantine() const { return {base_folder, clock}; }

  fs::path base_folder;
  base::ManualClock clock;
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "each wiped state has a place of its own, named by instance and time") {
  const auto first = quarantine().place_for("shop-1");
  CHECK(first == base_folder / ".quarantine" / ("shop-1-" + std::to_string(clock.unix_seconds())));
  put_aside("shop-1");
  CHECK(quarantine().place_for("shop-1") != first);
}

TEST_CASE_FIXTURE(Fixture, "what is put aside is kept for seven days, then goes; strangers' folders stay") {
  put_aside("shop-1");
  put_aside("shop-1");
  fs::create_directories(base_folder / ".quarantine" / "by-hand");
  clock.advance(7 * 24h - 1s);
  CHECK(quarantine().purge() == 0u);
  clock.advance(1s);
  CHECK(quarantine().purge() == 2u);
  CHECK(fs::exists(base_folder / ".quarantine" / "by-hand"));
}

TEST_CASE("an instance id that could leave its folder is refused") {
  CHECK(worker::is_valid_instance_id("6f9b1c1e-0000-4000-8000-000000000000"));
  for (const char* id : {"", ".", "..", ".quarantine", "a/b", "a\\b", "a b", "ü", "../x"})
    CHECK_FALSE(worker::is_valid_instance_id(id));
  CHECK_FALSE(worker::is_valid_instance_id(std::string(129, 'a')));
}
