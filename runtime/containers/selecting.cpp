#include "runtime/containers/selecting.hpp"

#include "messages/container.pb.h"

namespace troupe {

container::SandboxList select(const container::State& state,
                              const container::ListPodSandbox& what) {
  container::SandboxList result;
  for (auto& s : state.sandboxes())
    if ((!what.has_sandbox_id() || s.id() == what.sandbox_id())
        && (!what.has_uid() || s.uid() == what.uid()))
      *result.add_items() = s;
  return result;
}

container::ContainerList select(const container::State& state,
                                const container::ListContainers& what) {
  container::ContainerList result;
  for (auto& c : state.containers())
    if ((!what.has_container_id() || c.id() == what.container_id())
        && (!what.has_sandbox_id() || c.sandbox_id() == what.sandbox_id()))
      *result.add_items() = c;
  return result;
}

} // namespace troupe
