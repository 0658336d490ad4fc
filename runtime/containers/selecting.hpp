#pragma once

namespace troupe::container {
class ContainerList;
class ListContainers;
class ListPodSandbox;
class SandboxList;
class State;
} // namespace troupe::container

namespace troupe {

/// Returns what of a runtime's state is asked for; all of it where the
/// question names nothing.
container::SandboxList select(const container::State& state,
                              const container::ListPodSandbox& what);
container::ContainerList select(const container::State& state,
                                const container::ListContainers& what);

} // namespace troupe
