#include "runtime/oci/seccomp.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <linux/capability.h>
#include <sched.h>
#include <sstream>
#include <string>
#include <sys/socket.h>

namespace troupe::oci {

namespace {

using nlohmann::json;

// By what they are about; those of 32-bit programs beside those of 64-bit ones.

constexpr const char* files =
    "access chdir chmod chown chown32 close close_range copy_file_range "
    "creat dup dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64 "
    "fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown "
    "fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock "
    "fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync "
    "ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr "
    "getxattrat inotify_add_watch inotify_init inotify_init1 "
    "inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listxattr "
    "listxattrat llistxattr _llseek lremovexattr lseek lsetxattr lstat "
    "lstat64 mkdir mkdirat mknod mknodat name_to_handle_at _newselect "
    "newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 "
    "pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv "
    "removexattr removexattrat rename renameat renameat2 rmdir sendfile "
    "sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 "
    "statx symlink symlinkat sync sync_file_range syncfs tee truncate "
    "truncate64 umask unlink unlinkat utime utimensat utimensat_time64 "
    "utimes vmsplice write writev memfd_create memfd_secret cachestat";

constexpr const char* memory =
    "brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall "
    "mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap "
    "pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages";

constexpr const char* processes =
    "alarm arch_prctl capget capset execve execveat exit exit_group fork "
    "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake "
    "getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups "
    "getgroups32 getitimer getpgid getpgrp getpid getppid getpriority "
    "getrandom getresgid getresgid32 getresuid getresuid32 getrlimit "
    "get_robust_list getrusage getsid gettid getuid getuid32 "
    "get_thread_area ioprio_get ioprio_set kill modify_ldt pause pidfd_open "
    "pidfd_send_signal prctl prlimit64 restart_syscall rseq rt_sigaction "
    "rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
    "sched_getaffinity sched_getattr sched_getparam sched_get_priority_max "
    "sched_get_priority_min sched_getscheduler sched_rr_get_interval "
    "sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
    "sched_setparam sched_setscheduler sched_yield seccomp setfsgid "
    "setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 "
    "setitimer setpgid setpriority setregid setregid32 setresgid "
    "setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit "
    "set_robust_list setsid set_thread_area set_tid_address setuid setuid32 "
    "sigaltstack signalfd signalfd4 sigprocmask sigreturn sysinfo tgkill "
    "time times tkill ugetrlimit uname vfork wait4 waitid waitpid "
    "landlock_add_rule landlock_create_ruleset landlock_restrict_self "
    "riscv_hwprobe";

constexpr const char* waiting =
    "clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
    "clock_nanosleep clock_nanosleep_time64 adjtimex clock_adjtime "
    "clock_adjtime64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old "
    "epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 "
    "gettimeofday io_cancel io_destroy io_getevents io_pgetevents "
    "io_pgetevents_time64 io_setup io_submit nanosleep poll ppoll "
    "ppoll_time64 pselect6 pselect6_time64 select timer_create timer_delete "
    "timer_getoverrun timer_gettime timer_gettime64 timer_settime "
    "timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 "
    "timerfd_settime timerfd_settime64";

constexpr const char* messages =
    "accept accept4 bind connect getpeername getsockname getsockopt ipc "
    "listen mq_getsetattr mq_notify mq_open mq_timedreceive "
    "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink "
    "msgctl msgget msgrcv msgsnd recv recvfrom recvmmsg recvmmsg_time64 "
    "recvmsg semctl semget semop semtimedop semtimedop_time64 send sendmmsg "
    "sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown "
    "socketcall socketpair";

struct privilege {
  int capability;
  const char* calls;
};

/// What a capability opens.
constexpr privilege privileges[] = {
    {CAP_DAC_READ_SEARCH, "open_by_handle_at"},
    {CAP_SYS_ADMIN,
     "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick listmount "
     "lookup_dcookie mount mount_setattr move_mount open_tree "
     "perf_event_open quotactl quotactl_fd setdomainname sethostname "
     "setns statmount syslog umount umount2 unshare"},
    {CAP_SYS_BOOT, "reboot"},
    {CAP_SYS_CHROOT, "chroot"},
    {CAP_SYS_MODULE, "delete_module init_module finit_module"},
    {CAP_SYS_PACCT, "acct"},
    {CAP_SYS_PTRACE, "kcmp pidfd_getfd process_madvise process_vm_readv "
                     "process_vm_writev ptrace"},
    {CAP_SYS_RAWIO, "iopl ioperm"},
    {CAP_SYS_TIME, "settimeofday stime clock_settime clock_settime64"},
    {CAP_SYS_TTY_CONFIG, "vhangup"},
    {CAP_SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    {CAP_SYSLOG, "syslog"},
    {CAP_BPF, "bpf"},
    {CAP_PERFMON, "perf_event_open"},
};

bool has(uint64_t capabilities, int number) {
  return (capabilities >> number & 1) != 0;
}

json rule(json calls, const char* action) {
  return {{"names", std::move(calls)}, {"action", action}};
}

/// The calls are named with blanks between them.
json allow(const char* calls) {
  json list = json::array();
  std::istringstream names{calls};
  for (std::string name; names >> name;)
    list.push_back(name);
  return rule(std::move(list), "SCMP_ACT_ALLOW");
}

json allow_if(const char* call, int argument, uint64_t value, const char* how,
              uint64_t other = 0) {
  auto result = allow(call);
  json condition = {{"index", argument}, {"value", value}, {"op", how}};
  if (other != 0 || std::string_view{how} == "SCMP_CMP_MASKED_EQ")
    condition["valueTwo"] = other;
  result["args"] = json::array({std::move(condition)});
  return result;
}

/// Without the right to it, new namespaces are out of reach; the newer call's
/// arguments cannot be looked at, and whoever meets ENOSYS uses the older.
void add_clone(json& rules) {
  constexpr uint64_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC
                                  | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
                                  | CLONE_NEWCGROUP;
  rules.push_back(allow_if("clone", 0, namespaces, "SCMP_CMP_MASKED_EQ"));
  auto newer = rule(json::array({"clone3"}), "SCMP_ACT_ERRNO");
  newer["errnoRet"] = ENOSYS;
  rules.push_back(std::move(newer));
}

// personality(2): what a process may pretend that its machine is.
constexpr uint64_t linux_usual = 0;
constexpr uint64_t linux_32 = 0x0008;
constexpr uint64_t old_version = 0x0020000;
constexpr uint64_t ask_only = 0xffffffff;

void add_personality(json& rules) {
  for (uint64_t value :
       {linux_usual, linux_32, old_version, old_version | linux_32, ask_only})
    rules.push_back(allow_if("personality", 0, value, "SCMP_CMP_EQ"));
}

} // namespace

json default_seccomp(uint64_t capabilities) {
  json rules = json::array();
  for (auto& calls : {files, memory, processes, waiting, messages})
    rules.push_back(allow(calls));
  // Since Linux 4.8 whoever may trace cannot escape by it.
  rules.push_back(allow("process_vm_readv process_vm_writev ptrace"));
  // Sockets to the hypervisor are not namespaced.
  rules.push_back(allow_if("socket", 0, AF_VSOCK, "SCMP_CMP_NE"));
  add_personality(rules);
  for (auto& each : privileges)
    if (has(capabilities, each.capability))
      rules.push_back(allow(each.calls));
  if (!has(capabilities, CAP_SYS_ADMIN))
    add_clone(rules);
  // What is refused fails with EPERM.
  json result = {{"defaultAction", "SCMP_ACT_ERRNO"},
                 {"syscalls", std::move(rules)}};
#if defined(__x86_64__)
  result["architectures"] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86",
                             "SCMP_ARCH_X32"};
#elif defined(__aarch64__)
  result["architectures"] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif
  return result;
}

} // namespace troupe::oci
