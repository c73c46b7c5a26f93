#include "runtime/body_sources.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "base/encoding.h"
#include "live_loop.h"

using runtime::BytesSource;
using runtime::FileSource;
using runtime::FramedSource;
using runtime::Task;

namespace {

/// Reads everything in pieces of `most`.
Task<void> drain(runtime::BodySource& source, std::size_t most, std::string& out) {
  out.clear();
  (void)co_await source.rewind();
  while (out.size() < source.length()) {
    const auto piece = co_await source.read(most);
    if (!piece || piece->empty() || piece->size() > most) co_return;
    out += base::as_text(*piece);
  }
}

base::Bytes some_bytes(std::size_t size) {
  base::Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 13 + i / 200);
  return bytes;
}

}  // namespace

TEST_CASE("a framed body is head, content and tail, whatever the pieces") {
  LiveLoop live;
  for (const std::size_t size : {0u, 1u, 2u, 3u, 4u, 100u, 1001u}) {
    for (const std::size_t most : {1u, 2u, 3u, 4u, 5u, 64u, 5000u}) {
      CAPTURE(size);
      CAPTURE(most);
      const base::Bytes bytes = some_bytes(size);
      BytesSource content(bytes);
      FramedSource plain("head>", content, "<tail", FramedSource::Inside::kAsItIs);
      std::string out;
      live.finish(drain(plain, most, out));
      CHECK(out == "head>" + base::to_string(bytes) + "<tail");
      FramedSource text("{\"x\":\"", content, "\"}", FramedSource::Inside::kBase64);
      for (int i = 0; i < 2; ++i) {  // again after a rewind
        live.finish(drain(text, most, out));
        CHECK(out == "{\"x\":\"" + base::to_base64(bytes) + "\"}");
      }
    }
  }
}

TEST_CASE("a file is read whole, again after a rewind, and is missed when it is not there or cut short") {
  LiveLoop live;
  runtime::BlockingExecutor executor(1);
  const auto path = std::filesystem::temp_directory_path() / ("wa_source_" + std::to_string(::getpid()));
  const std::string text = base::to_string(some_bytes(200'000));
  std::ofstream(path, std::ios::binary) << text;
  std::optional<base::Result<std::unique_ptr<FileSource>>> opened;
  const auto open = [](runtime::BlockingExecutor::Lane lane, std::string name, auto& out) -> Task<void> {
    out.emplace(co_await FileSource::open(lane, name));
  };
  live.finish(open(executor.lane(live.loop), path.string(), opened));
  REQUIRE((*opened).has_value());
  std::string out;
  for (int i = 0; i < 2; ++i) {
    live.finish(drain(***opened, 65'536, out));
    CHECK(out == text);
  }
  std::filesystem::resize_file(path, 1000);
  live.finish(drain(***opened, 65'536, out));
  CHECK(out.size() == 1000);
  std::filesystem::remove(path);
  live.finish(open(executor.lane(live.loop), path.string(), opened));
  CHECK((*opened).error().code == base::ErrorCode::kNotFound);
}
