#include "tests/support/busybox_image.hpp"

#include "runtime/process/bundle_setup.hpp"

#include <fstream>
#include <unistd.h>

namespace troupe::test {

namespace fs = std::filesystem;

std::string no_containers_because() {
  if (geteuid() != 0)
    return "containers of images need root";
  if (process::installed_runtimes().empty())
    return "neither crun nor runc is installed";
  if (!fs::exists("/bin/busybox"))
    return "busybox-static is not installed";
  return {};
}

void make_busybox_image(const fs::path& images) {
  auto image = images / "busybox";
  for (auto folder : {"bin", "etc", "tmp", "dev", "proc", "sys"})
    fs::create_directories(image / "rootfs" / folder);
  fs::permissions(image / "rootfs/tmp", fs::perms{01777});
  fs::copy_file("/bin/busybox", image / "rootfs/bin/busybox");
  for (auto tool :
       {"cat", "dd",     "echo",    "env",   "grep",  "head",  "hostname",
        "id",  "kill",   "ls",      "mkdir", "mount", "ps",    "pwd",
        "seq", "sh",     "sleep",   "stat",  "stty",  "touch", "true",
        "tty", "umount", "unshare", "wc"})
    fs::create_symlink("busybox", image / "rootfs/bin" / tool);
  std::ofstream{image / "rootfs/etc/passwd"}
      << "root:x:0:0:root:/root:/bin/sh\n"
         "web:x:1234:2345:Web:/tmp:/bin/sh\n";
  std::ofstream{image / "rootfs/etc/group"} << "root:x:0:\nweb:x:2345:\n"
                                               "more:x:3456:web\n";
  std::ofstream{image / "rootfs/marker"} << "of the image\n";
  std::ofstream{image / "config.json"}
      << R"({"config":{"Env":["FROM_IMAGE=yes"],"WorkingDir":"/work",)"
         R"("Cmd":["echo","by default"]}})";
}

} // namespace troupe::test
