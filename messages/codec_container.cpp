#include "messages/codec_parts.hpp"
#include "messages/container.pb.h"
#include "messages/container_interface.hpp"

namespace troupe {

void register_container_types(caf::actor_system_config& cfg) {
  using namespace container;
  cfg.add_message_type<container_listener_actor>("troupe.container_listener");
  cfg.add_message_type<container_stream_actor>("troupe.container_stream");
  add_messages<Attach, Container, ContainerList, ContainerStatus,
               CreateContainer, Done, Event, Exec, ExecResult, ExecSync, Image,
               ImageStatus, ImageStatusResult, ListContainers, ListPodSandbox,
               Logs, Probe, PullImage, RemoveContainer, RemovePodSandbox,
               ReopenLog, RunPodSandbox, RuntimeStatus, Sandbox, SandboxList,
               Signal, StartContainer, State, StopContainer, StopPodSandbox,
               StreamClose, StreamCredit, StreamData, StreamEnd, StreamOpened,
               StreamResize, Subscribe>(cfg);
  cfg.add_message_type<container_runtime_actor>("troupe.container_runtime");
  cfg.add_message_type<stream_source_actor>("troupe.stream_source");
}

} // namespace troupe
