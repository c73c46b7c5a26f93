#include "attachments/media_sweeper.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "attachments/media_place.h"
#include "unit/whatsapp/client/media/media_bench.h"

using namespace std::chrono_literals;
using namespace worker;
using whatsapp::test::TemporaryFolder;

namespace {

constexpr base::Clock::wall_time kNow{std::chrono::seconds{1'760'000'000}};

struct Folder {
  TemporaryFolder root;
  void put(const std::string& name, std::size_t size, std::chrono::hours age) {
    std::filesystem::create_directories(std::filesystem::path{root.at(name)}.parent_path());
    (void)root.write(name, base::Bytes(size, 1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>((kNow - age).time_since_epoch());
    const timespec times[2] = {{seconds.count(), 0}, {seconds.count(), 0}};
    REQUIRE(utimensat(AT_FDCWD, root.at(name).c_str(), times, 0) == 0);
  }
  bool has(const std::string& name) const { return std::filesystem::exists(root.at(name)); }
  Swept sweep(SweepSettings settings, DiskUse disk = {1000, 1000}) {
    settings.media_base = root.at("");
    return MediaSweeper(settings, [disk](const std::string&) { return disk; }).sweep(kNow);
  }
};

}  // namespace

TEST_CASE("P31: files go when their time is over, however long that is, and never while they are owed") {
  Folder folder;
  folder.put("i1/old.jpg", 10, 24h * 31);
  folder.put("i1/new.jpg", 10, 24h * 29);
  folder.put("i2/owed.jpg", 10, 24h * 60);
  folder.put("i2/owed.jpg.owed", 0, 24h * 60);
  const Swept swept = folder.sweep({.keep = 24h * 30});
  CHECK(swept.files == 1);
  CHECK(swept.bytes == 10);
  CHECK(swept.owed == 1);
  CHECK_FALSE(folder.has("i1/old.jpg"));
  CHECK(folder.has("i1/new.jpg"));
  CHECK(folder.has("i2/owed.jpg"));
  CHECK(folder.has("i2/owed.jpg.owed"));
  CHECK(folder.sweep({.keep = 0ms}).files == 0);             // for ever
  CHECK(folder.sweep({.keep = 24h * 365 * 50}).files == 0);  // more milliseconds than 32 bits hold
}

TEST_CASE("a full disk costs the oldest files, but none that is owed") {
  Folder folder;
  folder.put("i1/a.jpg", 100, 5h);
  folder.put("i1/b.jpg", 100, 9h);
  folder.put("i1/c.jpg", 100, 7h);
  folder.put("i1/oldest.jpg", 100, 50h);
  folder.put("i1/oldest.jpg.owed", 0, 50h);
  const Swept swept = folder.sweep({.keep = 24h * 30, .most_full = 0.8}, {1000, 50});  // 150 too much
  CHECK(swept.files == 2);
  CHECK(folder.has("i1/a.jpg"));
  CHECK(folder.has("i1/oldest.jpg"));
  CHECK_FALSE(folder.has("i1/b.jpg"));
  CHECK_FALSE(folder.has("i1/c.jpg"));
}

TEST_CASE("remains of a crash go after a day, and links are left alone") {
  Folder folder;
  folder.put("i1/.part-1", 10, 25h);
  folder.put("i1/.out-2", 10, 23h);
  folder.put("i1/gone.jpg.owed", 0, 25h);
  folder.put(".tmp/fetch-1", 10, 25h);
  folder.put("elsewhere.txt", 10, 24h * 900);
  folder.put("i1/x", 1, 1h);
  std::filesystem::create_symlink(folder.root.at("elsewhere.txt"), folder.root.at("i1/link.jpg"));
  CHECK(folder.sweep({}).files == 3);
  CHECK(folder.has("i1/.out-2"));
  CHECK(folder.has("i1/x"));
  CHECK(folder.has("i1/link.jpg"));
  CHECK(folder.has("elsewhere.txt"));
}

TEST_CASE("ids from outside never leave the media folder, and two never share a file") {
  const auto file = [](const char* instance, const char* id) {
    return media_place("/m", instance, id, "image/jpeg").file;
  };
  CHECK(file("i-1", "3EB0AB") == "/m/i-1/3EB0AB.jpg");
  CHECK(file("../x", "a").starts_with("/m/___x-"));
  CHECK(file("i", "../../etc").starts_with("/m/i/______etc-"));
  CHECK(file("i", "a/b") != file("i", "a_b"));
  CHECK(file("i", "a.b") != file("i", "a/b"));
  CHECK(file("i", "").starts_with("/m/i/-"));
  CHECK(file("i", std::string(500, 'x').c_str()).size() < 120);
}
