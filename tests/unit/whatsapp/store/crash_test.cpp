// A process that is killed at any moment leaves every commit whole or absent, and everything it was told is
// durable is there.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "base/random.h"
#include "sample_rows.h"
#include "temporary_folder.h"
#include "whatsapp/store/sqlite_device_store.h"

using namespace whatsapp;
using base::Bytes;
using store::Changes;
using store::SqliteDeviceStore;

namespace {

constexpr int kKills = 25;
constexpr int kParts = 6;

/// Round `number` in several tables at once: torn if they ever disagree.
Changes round_of(std::uint64_t number) {
  const Bytes mark = base::to_bytes(base::big_endian<8>(number));
  Changes changes;
  for (int part = 0; part < kParts; ++part) {
    changes.sessions.emplace_back(samples::address(std::to_string(part)), base::concat(mark, Bytes(700, 1)));
    changes.values.emplace_back("part" + std::to_string(part), mark);
  }
  changes.inbound.push_back(samples::inbound("chat", std::to_string(number)));
  return changes;
}

[[noreturn]] void commit_until_killed(const std::string& folder, std::uint64_t next,
                                      std::atomic<std::uint64_t>& promised) {
  auto store = SqliteDeviceStore::open({folder});
  if (!store) ::_exit(1);
  for (;; ++next) {
    if (!(*store)->commit(round_of(next))) ::_exit(2);
    promised = next;
    if (next % 17 == 0) (*store)->rest();  // closing and opening is a place to be killed in, too
  }
}

std::uint64_t number_in(const std::optional<Bytes>& value) {
  return value ? base::read_big_endian(base::ByteView{*value}.first(8)) : 0;
}

}  // namespace

TEST_CASE("killed at random points, a store reopens with every commit whole and none lost") {
  const TemporaryFolder folder;
  base::SeededRandom random(42);
  void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto& promised = *new (shared) std::atomic<std::uint64_t>(0);
  std::uint64_t last = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) commit_until_killed(folder.path(), last + 1, promised);
    ::usleep(static_cast<useconds_t>(5'000 + random.below(60'000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));

    const auto store = SqliteDeviceStore::open({folder.path()}).value();
    const std::uint64_t found = number_in(store->value("part0").value());
    CHECK(found >= promised);
    CHECK(found <= promised + 1);
    for (int part = 0; part < kParts; ++part) {
      CHECK(number_in(store->value("part" + std::to_string(part)).value()) == found);
      CHECK(number_in(store->session(samples::address(std::to_string(part))).value()) == found);
    }
    CHECK(store->inbound_backlog().value().rows == found);
    last = found;
    promised = found;
  }
  CHECK(last > kKills);
  ::munmap(shared, 4096);
}
