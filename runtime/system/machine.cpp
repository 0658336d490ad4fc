#include "runtime/system/machine.hpp"

#include "runtime/net/joined_node.hpp"

#include <fstream>
#include <string>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace troupe {

namespace {

std::string first_line(const char* path) {
  std::ifstream in{path};
  std::string line;
  std::getline(in, line);
  return line;
}

std::string os_name() {
  std::ifstream in{"/etc/os-release"};
  const std::string key = "PRETTY_NAME=\"";
  for (std::string line; std::getline(in, line);)
    if (line.rfind(key, 0) == 0 && line.size() > key.size())
      return line.substr(key.size(), line.size() - key.size() - 1);
  return "Linux";
}

std::string architecture_of(const std::string& machine) {
  if (machine == "x86_64")
    return "amd64";
  return machine == "aarch64" ? "arm64" : machine;
}

} // namespace

rules::machine this_machine(const std::string& disk_folder) {
  rules::machine m;
  m.cpu_milli = 1000 * std::max(1u, std::thread::hardware_concurrency());
  m.memory_bytes = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES))
                   * static_cast<int64_t>(sysconf(_SC_PAGE_SIZE));
  struct statvfs disk {};
  if (statvfs(disk_folder.c_str(), &disk) == 0)
    m.storage_bytes = static_cast<int64_t>(disk.f_blocks)
                      * static_cast<int64_t>(disk.f_frsize);
  m.machine_id = first_line("/etc/machine-id");
  m.network = net::network_identity();
  m.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  m.system_uuid = first_line("/sys/class/dmi/id/product_uuid");
  utsname names{};
  if (uname(&names) == 0) {
    m.kernel = names.release;
    m.architecture = architecture_of(names.machine);
  }
  m.os_image = os_name();
  m.version = kubelet_version;
  return m;
}

rules::machine simulated_machine() {
  rules::machine m;
  m.cpu_milli = 32000;
  m.memory_bytes = 256LL << 30;
  m.storage_bytes = 1024LL << 30;
  m.kernel = "simulated";
  m.os_image = "Troupe simulation";
  m.architecture = "amd64";
  m.version = kubelet_version;
  return m;
}

} // namespace troupe
