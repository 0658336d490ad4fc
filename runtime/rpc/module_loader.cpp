#include "runtime/rpc/module_loader.hpp"

#include <dlfcn.h>

namespace troupe::rpc {

expected<std::shared_ptr<rpc_edge>>
load_edge(const std::filesystem::path& folder) {
  auto path = folder / "troupe-grpc.so";
  // Its threads may outlast whoever asked for it, so it is never unloaded.
  auto* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  auto refused = [&](const char* why) {
    return make_error(ec::service_unavailable,
                      "cannot load " + path.string() + ": "
                          + (why != nullptr ? why : "unknown reason"));
  };
  if (module == nullptr)
    return refused(dlerror());
  using maker = rpc_edge* (*)();
  auto make = reinterpret_cast<maker>(dlsym(module, "troupe_open_rpc_edge"));
  if (make == nullptr)
    return refused(dlerror());
  return std::shared_ptr<rpc_edge>{make()};
}

} // namespace troupe::rpc
