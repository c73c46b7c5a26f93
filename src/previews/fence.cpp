#include "previews/fence.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <memory>

namespace previews {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // its shadow memory is larger than any limit
#else
constexpr bool kSanitized = false;
#endif

Result<void> limit(int resource, rlim_t most) {
  const rlimit wanted{most, most};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0)
    return fail(ErrorCode::kIo, "a resource limit cannot be set");
  return {};
}

Result<void> load(const Filter& filter) {
  if (seccomp_load(filter.get()) != 0) return fail(ErrorCode::kIo, "the system call filter cannot be loaded");
  return {};
}

}  // namespace

Result<void> limit_resources() {
  if constexpr (!kSanitized) WA_TRY_VOID(limit(RLIMIT_AS, 512u << 20));
  WA_TRY_VOID(limit(RLIMIT_CPU, 20));
  WA_TRY_VOID(limit(RLIMIT_CORE, 0));
  WA_TRY_VOID(limit(RLIMIT_FSIZE, 256u << 20));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(ErrorCode::kIo, "privileges cannot be given up");
  return {};
}

Result<void> fence_in() {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
  if (!filter) return fail(ErrorCode::kIo, "no system call filter");
  for (const int call : {SCMP_SYS(read),        SCMP_SYS(pread64),      SCMP_SYS(readv),
                         SCMP_SYS(write),       SCMP_SYS(writev),       SCMP_SYS(lseek),
                         SCMP_SYS(fstat),       SCMP_SYS(newfstatat),   SCMP_SYS(close),
                         SCMP_SYS(brk),         SCMP_SYS(munmap),       SCMP_SYS(mremap),
                         SCMP_SYS(madvise),     SCMP_SYS(futex),        SCMP_SYS(clock_gettime),
                         SCMP_SYS(getrandom),   SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
                         SCMP_SYS(sigaltstack), SCMP_SYS(exit),         SCMP_SYS(exit_group),
                         SCMP_SYS(ftruncate)})
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) != 0)
      return fail(ErrorCode::kIo, "a rule of the system call filter is refused");
  // Memory may be had, never memory that can be run (PROT_EXEC is bit 2 of argument 2).
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0)) != 0)
      return fail(ErrorCode::kIo, "a rule of the system call filter is refused");
  return load(filter);
}

Result<void> fence_off_network() {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (!filter) return fail(ErrorCode::kIo, "no system call filter");
  for (const int call :
       {SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
        SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(mount),
        SCMP_SYS(umount2), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
        SCMP_SYS(renameat2), SCMP_SYS(chmod), SCMP_SYS(fchmodat), SCMP_SYS(kill), SCMP_SYS(bpf)})
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(1 /* EPERM */), call, 0) != 0)
      return fail(ErrorCode::kIo, "a rule of the system call filter is refused");
  return load(filter);
}

}  // namespace previews
