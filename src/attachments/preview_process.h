// The previewer in its own process: the program `wa-preview`, started once per file, at most so many at a
// time. Its answers are as little believed as the files are.
#pragma once

#include <string>

#include "attachments/previewer.h"
#include "runtime/async_semaphore.h"
#include "runtime/event_loop.h"

namespace worker {

struct PreviewProcessSettings {
  std::string program;  // path of wa-preview
  base::Duration look_timeout{10'000};
  base::Duration convert_timeout{60'000};
  std::size_t at_a_time = 2;  // per shard
};

class PreviewProcess final : public Previewer {
 public:
  PreviewProcess(runtime::EventLoop& loop, PreviewProcessSettings settings);

  runtime::Task<base::Result<Preview>> look(std::string path) override;
  runtime::Task<base::Result<void>> convert(Conversion conversion, std::string from, std::string to) override;

 private:
  runtime::EventLoop& loop_;
  PreviewProcessSettings settings_;
  runtime::AsyncSemaphore places_;
};

/// Beside the program that runs; empty: not there.
std::string find_preview_program();

}  // namespace worker
