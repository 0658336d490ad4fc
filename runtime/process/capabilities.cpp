#include "runtime/process/container_setup.hpp"

#include <csignal>
#include <cstring>
#include <linux/capability.h>

namespace troupe::process {

namespace {

struct name_and_number {
  const char* name;
  int number;
};

constexpr name_and_number capabilities[] = {
    {"CHOWN", CAP_CHOWN},
    {"DAC_OVERRIDE", CAP_DAC_OVERRIDE},
    {"DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
    {"FOWNER", CAP_FOWNER},
    {"FSETID", CAP_FSETID},
    {"KILL", CAP_KILL},
    {"SETGID", CAP_SETGID},
    {"SETUID", CAP_SETUID},
    {"SETPCAP", CAP_SETPCAP},
    {"LINUX_IMMUTABLE", CAP_LINUX_IMMUTABLE},
    {"NET_BIND_SERVICE", CAP_NET_BIND_SERVICE},
    {"NET_BROADCAST", CAP_NET_BROADCAST},
    {"NET_ADMIN", CAP_NET_ADMIN},
    {"NET_RAW", CAP_NET_RAW},
    {"IPC_LOCK", CAP_IPC_LOCK},
    {"IPC_OWNER", CAP_IPC_OWNER},
    {"SYS_MODULE", CAP_SYS_MODULE},
    {"SYS_RAWIO", CAP_SYS_RAWIO},
    {"SYS_CHROOT", CAP_SYS_CHROOT},
    {"SYS_PTRACE", CAP_SYS_PTRACE},
    {"SYS_PACCT", CAP_SYS_PACCT},
    {"SYS_ADMIN", CAP_SYS_ADMIN},
    {"SYS_BOOT", CAP_SYS_BOOT},
    {"SYS_NICE", CAP_SYS_NICE},
    {"SYS_RESOURCE", CAP_SYS_RESOURCE},
    {"SYS_TIME", CAP_SYS_TIME},
    {"SYS_TTY_CONFIG", CAP_SYS_TTY_CONFIG},
    {"MKNOD", CAP_MKNOD},
    {"LEASE", CAP_LEASE},
    {"AUDIT_WRITE", CAP_AUDIT_WRITE},
    {"AUDIT_CONTROL", CAP_AUDIT_CONTROL},
    {"SETFCAP", CAP_SETFCAP},
    {"MAC_OVERRIDE", CAP_MAC_OVERRIDE},
    {"MAC_ADMIN", CAP_MAC_ADMIN},
    {"SYSLOG", CAP_SYSLOG},
    {"WAKE_ALARM", CAP_WAKE_ALARM},
    {"BLOCK_SUSPEND", CAP_BLOCK_SUSPEND},
    {"AUDIT_READ", CAP_AUDIT_READ},
    {"PERFMON", CAP_PERFMON},
    {"BPF", CAP_BPF},
    {"CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE},
};

/// What containers have who ask for nothing.
constexpr int usual_capabilities[] = {
    CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER,
    CAP_MKNOD,      CAP_NET_RAW,      CAP_SETGID, CAP_SETUID,
    CAP_SETFCAP,    CAP_SETPCAP,      CAP_KILL,   CAP_NET_BIND_SERVICE,
    CAP_SYS_CHROOT, CAP_AUDIT_WRITE,
};

expected<uint64_t> bit_of(std::string name, const char* field) {
  if (name == "ALL")
    return ~uint64_t{0};
  if (name.compare(0, 4, "CAP_") == 0)
    name.erase(0, 4);
  for (auto& entry : capabilities)
    if (name == entry.name)
      return uint64_t{1} << entry.number;
  return make_error(ec::invalid, std::string{"securityContext.capabilities."}
                                     + field + ": unknown capability \"" + name
                                     + "\"");
}

} // namespace

expected<uint64_t> kept_capabilities(const container::Security& security) {
  auto kept = ~uint64_t{0};
  for (auto& name : security.drop_capabilities()) {
    auto bit = bit_of(name, "drop");
    if (!bit)
      return bit.error();
    kept &= ~*bit;
  }
  for (auto& name : security.add_capabilities()) {
    auto bit = bit_of(name, "add");
    if (!bit)
      return bit.error();
    kept |= *bit;
  }
  return security.privileged() ? ~uint64_t{0} : kept;
}

expected<uint64_t> container_capabilities(const container::Security& security) {
  if (security.privileged())
    return ~uint64_t{0};
  uint64_t kept = 0;
  for (auto number : usual_capabilities)
    kept |= uint64_t{1} << number;
  for (auto& name : security.add_capabilities())
    if (name == "ALL")
      kept = ~uint64_t{0};
  for (auto& name : security.drop_capabilities())
    if (name == "ALL")
      kept = 0;
  for (auto& name : security.add_capabilities()) {
    auto bit = bit_of(name, "add");
    if (!bit)
      return bit.error();
    kept |= *bit;
  }
  for (auto& name : security.drop_capabilities()) {
    auto bit = bit_of(name, "drop");
    if (!bit)
      return bit.error();
    if (name != "ALL")
      kept &= ~*bit;
  }
  return kept;
}

std::vector<std::string> capability_names(uint64_t bits) {
  std::vector<std::string> result;
  for (int number = 0; number < 64; ++number)
    for (auto& entry : capabilities)
      if (entry.number == number && (bits >> number & 1) != 0)
        result.push_back(std::string{"CAP_"} + entry.name);
  return result;
}

int signal_number(const std::string& name) {
  if (name.empty())
    return 0;
  if (name.find_first_not_of("0123456789") == name.npos) {
    auto number = name.size() > 2 ? 0 : std::stoi(name);
    return number >= 1 && number <= 64 ? number : 0;
  }
  auto bare = name.compare(0, 3, "SIG") == 0 ? name.substr(3) : name;
  for (int number = 1; number < 32; ++number)
    if (auto known = sigabbrev_np(number); known && bare == known)
      return number;
  if (bare.compare(0, 6, "RTMIN+") == 0 && bare.size() <= 8
      && bare.find_first_not_of("0123456789", 6) == bare.npos
      && bare.size() > 6) {
    auto number = SIGRTMIN + std::stoi(bare.substr(6));
    return number <= SIGRTMAX ? number : 0;
  }
  return 0;
}

} // namespace troupe::process
