#include "runtime/file_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace runtime {

std::size_t raise_file_limit(std::size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t target = std::min<rlim_t>(wanted, limit.rlim_max);
  if (limit.rlim_cur >= target) return limit.rlim_cur;
  rlimit raised = limit;
  raised.rlim_cur = target;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace runtime
