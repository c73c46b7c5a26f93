#include "attachments/preview_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "runtime/child_process.h"
#include "runtime/json.h"

namespace worker {

using base::ErrorCode;
using base::fail;
using base::Result;
using Json = nlohmann::json;
using runtime::Task;

namespace {

constexpr int kNeedsProgram = 3;  // exit status of wa-preview
constexpr std::size_t kLargestAnswer = 256u << 10;
constexpr std::size_t kLargestThumbnail = 64u << 10;
constexpr std::size_t kBars = 64;
constexpr std::uint32_t kLargestEdge = 65'535;

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::uint32_t number(const Json& json, const char* key, std::uint32_t most) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_unsigned()) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(found->get<std::uint64_t>(), most));
}

base::Bytes bytes(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return {};
  auto decoded = base::from_base64(found->get_ref<const std::string&>());
  return decoded ? *std::move(decoded) : base::Bytes{};
}

std::string mimetype_in(const Json& json) {
  const auto found = json.find("mimetype");
  if (found == json.end() || !found->is_string()) return {};
  std::string text = found->get<std::string>();
  const bool harmless = text.size() <= 64 && std::ranges::all_of(text, [](unsigned char c) {
                          return c >= 0x20 && c < 0x7F && c != '"';
                        });
  return harmless ? text : std::string{};
}

Result<Preview> read_findings(const base::Bytes& output) {
  WA_TRY(const Json json, runtime::parse_json(base::as_text(output)));
  if (!json.is_object()) return fail(ErrorCode::kMalformed, "the preview program gave no object");
  Preview out;
  out.mimetype = mimetype_in(json);
  out.width = number(json, "width", kLargestEdge);
  out.height = number(json, "height", kLargestEdge);
  out.seconds = number(json, "seconds", 1'000'000);
  out.page_count = number(json, "page_count", 1'000'000);
  out.jpeg_thumbnail = bytes(json, "thumbnail");
  const auto& jpeg = out.jpeg_thumbnail;
  if (jpeg.size() > kLargestThumbnail || jpeg.size() < 4 || jpeg[0] != 0xFF || jpeg[1] != 0xD8)
    out.jpeg_thumbnail.clear();
  out.waveform = bytes(json, "waveform");
  const bool drawable = out.waveform.size() == kBars &&
                        std::ranges::all_of(out.waveform, [](std::uint8_t bar) { return bar <= 100; });
  if (!drawable) out.waveform.clear();
  if (const auto animated = json.find("animated"); animated != json.end() && *animated == Json(true))
    out.animation = Preview::Animation::kAnimated;
  return out;
}

const char* job_of(Conversion conversion) {
  switch (conversion) {
    case Conversion::kSticker:
      return "sticker";
    case Conversion::kVoice:
      return "voice";
    case Conversion::kLoop:
      return "loop";
  }
  return "sticker";
}

Result<void> verdict_of(const runtime::ChildResult& ended) {
  if (ended.signal != 0) return fail(ErrorCode::kMalformed, "the preview program was stopped by its fence");
  if (ended.exit_status == kNeedsProgram) return fail(ErrorCode::kNotFound, "ffmpeg is not installed");
  if (ended.exit_status != 0) return fail(ErrorCode::kMalformed, "nothing could be made of the file");
  return {};
}

}  // namespace

PreviewProcess::PreviewProcess(runtime::EventLoop& loop, PreviewProcessSettings settings)
    : loop_(loop), settings_(std::move(settings)), places_(loop, settings_.at_a_time) {}

Task<Result<Preview>> PreviewProcess::look(std::string path) {
  WA_CO_TRY(const auto place, co_await places_.take_until(loop_.clock().now() + 6 * settings_.look_timeout));
  const OpenFile file(path, O_RDONLY);
  if (file.descriptor() < 0) co_return fail(ErrorCode::kIo, "the file cannot be opened");
  runtime::ChildRequest request;
  request.program = settings_.program;
  request.arguments = {"look"};
  request.files = {file.descriptor()};
  request.timeout = settings_.look_timeout;
  request.max_output = kLargestAnswer;
  const auto ended = co_await runtime::run_child(loop_, std::move(request));
  if (!ended) co_return fail(ended.error());
  WA_CO_TRY_VOID(verdict_of(*ended));
  co_return read_findings(ended->output);
}

Task<Result<void>> PreviewProcess::convert(Conversion conversion, std::string from, std::string to) {
  WA_CO_TRY(const auto place,
            co_await places_.take_until(loop_.clock().now() + 6 * settings_.convert_timeout));
  const OpenFile source(from, O_RDONLY);
  const OpenFile target(to, O_RDWR | O_CREAT | O_TRUNC);
  if (source.descriptor() < 0 || target.descriptor() < 0)
    co_return fail(ErrorCode::kIo, "a file cannot be opened");
  runtime::ChildRequest request;
  request.program = settings_.program;
  request.arguments = {job_of(conversion)};
  request.files = {source.descriptor(), target.descriptor()};
  request.timeout = settings_.convert_timeout;
  request.max_output = kLargestAnswer;
  const auto ended = co_await runtime::run_child(loop_, std::move(request));
  if (!ended) co_return fail(ended.error());
  co_return verdict_of(*ended);
}

std::string find_preview_program() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const auto beside = own.parent_path() / "wa-preview";
  return ::access(beside.c_str(), X_OK) == 0 ? beside.string() : std::string{};
}

}  // namespace worker
