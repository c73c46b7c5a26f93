// The real program, started as the worker does.
#include "attachments/preview_process.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "base/encoding.h"
#include "runtime/task_scope.h"
#include "unit/whatsapp/store/temporary_folder.h"

using namespace worker;
using base::ErrorCode;

namespace {

// 8 × 4 pixels, red.
constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAECAIAAAA8r+mnAAAAEklEQVR4nGP4z8CAFWEXJUsCAFpeH+EeQoQoAAAAAElFTkSuQmCC";

struct Bench {
  base::SystemClock clock;
  runtime::EventLoop loop{clock};
  runtime::TaskScope scope{loop};
  TemporaryFolder folder;
  PreviewProcess previewer{loop, settings()};

  static PreviewProcessSettings settings() {
    PreviewProcessSettings out;
    out.program = find_preview_program();
    return out;
  }
  std::string file(const std::string& name, base::ByteView bytes) {
    const std::string path = folder.path() + "/" + name;
    std::ofstream(path, std::ios::binary) << base::as_text(bytes);
    return path;
  }
  template <class T>
  base::Result<T> await(runtime::Task<base::Result<T>> task) {
    std::optional<base::Result<T>> result;
    scope.spawn(keep<T>(&loop, std::move(task), &result));
    loop.run();
    return *std::move(result);
  }
  template <class T>
  static runtime::Task<void> keep(runtime::EventLoop* loop, runtime::Task<base::Result<T>> task,
                                  std::optional<base::Result<T>>* out) {
    *out = co_await std::move(task);
    loop->stop();
  }
};

}  // namespace

TEST_CASE("a picture is looked into by another process") {
  Bench bench;
  const auto preview = bench.await(bench.previewer.look(bench.file("a", *base::from_base64(kPng)))).value();
  CHECK(preview.mimetype == "image/png");
  CHECK(preview.width == 8);
  CHECK(preview.height == 4);
  CHECK(preview.jpeg_thumbnail.size() > 100);
}

TEST_CASE("a picture becomes a sticker") {
  Bench bench;
  const auto picture = bench.file("a", *base::from_base64(kPng));
  const std::string sticker = bench.folder.path() + "/sticker";
  REQUIRE(bench.await(bench.previewer.convert(Conversion::kSticker, picture, sticker)));
  const auto preview = bench.await(bench.previewer.look(sticker)).value();
  CHECK(preview.mimetype == "image/webp");
  CHECK(preview.width == 512);
}

TEST_CASE("files of no known kind, and files that are not there, are told as errors") {
  Bench bench;
  CHECK(bench.await(bench.previewer.look(bench.file("b", base::as_bytes("just words")))).error().code ==
        ErrorCode::kMalformed);
  CHECK(bench.await(bench.previewer.look("/nowhere/at-all")).error().code == ErrorCode::kIo);
}

TEST_CASE("without the program everything is unavailable or not found, nothing crashes") {
  Bench bench;
  PreviewProcessSettings nowhere;
  nowhere.program = "/nowhere/wa-preview";
  PreviewProcess none(bench.loop, nowhere);
  CHECK(bench.await(none.look(bench.file("a", *base::from_base64(kPng)))).error().code ==
        ErrorCode::kNotFound);
}
