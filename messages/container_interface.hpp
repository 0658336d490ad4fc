#pragma once

#include "messages/codec.hpp"
#include "messages/interfaces.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace troupe::container {
class Attach;
class Container;
class ContainerList;
class ContainerStatus;
class CreateContainer;
class Done;
class Event;
class Exec;
class ExecResult;
class ExecSync;
class Image;
class ImageStatus;
class ImageStatusResult;
class ListContainers;
class ListPodSandbox;
class Logs;
class Probe;
class PullImage;
class RemoveContainer;
class RemovePodSandbox;
class ReopenLog;
class RunPodSandbox;
class RuntimeStatus;
class Sandbox;
class SandboxList;
class Signal;
class StartContainer;
class State;
class StopContainer;
class StopPodSandbox;
class StreamClose;
class StreamCredit;
class StreamData;
class StreamEnd;
class StreamOpened;
class StreamResize;
class Subscribe;
} // namespace troupe::container

namespace troupe {

/// Hears what happens to containers without being asked for.
using container_listener_actor =
    caf::typed_actor<caf::reacts_to<pb<container::Event>>>;

/// Hears the other end of an exec, an attached container or a log.
using container_stream_actor = caf::typed_actor<
    // Output; takes one of the chunks it gave credit for.
    caf::reacts_to<pb<container::StreamData>>,
    // So many chunks of standard input may be sent.
    caf::reacts_to<pb<container::StreamCredit>>,
    // The last it hears of a stream.
    caf::reacts_to<pb<container::StreamEnd>>>;

/// The end of a stream at which it comes from: hears what its receiver says.
using stream_source_actor = caf::typed_actor<
    // Input; takes one of the chunks that the source gave credit for.
    caf::reacts_to<pb<container::StreamData>>,
    // So many chunks of output may be sent.
    caf::reacts_to<pb<container::StreamCredit>>,
    // The terminal has another size.
    caf::reacts_to<pb<container::StreamResize>>,
    // Enough.
    caf::reacts_to<pb<container::StreamClose>>>;

/// Runs pods. Errors: not_found for an unknown sandbox, container or image,
/// invalid for what cannot be honoured and says which field, conflict for the
/// wrong state, timeout, service_unavailable when a sandbox does not answer.
using container_runtime_actor = caf::typed_actor<
    // What this runtime is and can do.
    caf::replies_to<pb<container::Probe>>::with<pb<container::RuntimeStatus>>,
    // All there is now, and from then on what changes.
    caf::replies_to<pb<container::Subscribe>,
                    container_listener_actor>::with<pb<container::State>>,

    // A pod's surroundings. One that exists is answered as it is.
    caf::replies_to<pb<container::RunPodSandbox>>::with<pb<container::Sandbox>>,
    caf::replies_to<pb<container::StopPodSandbox>>::with<pb<container::Done>>,
    caf::replies_to<pb<container::RemovePodSandbox>>::with<pb<container::Done>>,
    caf::replies_to<pb<container::ListPodSandbox>>::with<
        pb<container::SandboxList>>,

    // A container in it. One that exists is answered as it is.
    caf::replies_to<pb<container::CreateContainer>>::with<
        pb<container::Container>>,
    // Answered when its process runs; invalid when it cannot be started.
    caf::replies_to<pb<container::StartContainer>>::with<
        pb<container::Container>>,
    // Answered when it has ended, with how.
    caf::replies_to<pb<container::StopContainer>>::with<
        pb<container::Container>>,
    caf::replies_to<pb<container::RemoveContainer>>::with<pb<container::Done>>,
    caf::replies_to<pb<container::Signal>>::with<pb<container::Done>>,
    caf::replies_to<pb<container::ContainerStatus>>::with<
        pb<container::Container>>,
    caf::replies_to<pb<container::ListContainers>>::with<
        pb<container::ContainerList>>,
    caf::replies_to<pb<container::ReopenLog>>::with<pb<container::Done>>,

    // A command in a running container, answered with all it wrote.
    caf::replies_to<pb<container::ExecSync>>::with<pb<container::ExecResult>>,
    // A command, the container's own process, its log: as a stream.
    caf::replies_to<pb<container::Exec>,
                    container_stream_actor>::with<pb<container::StreamOpened>>,
    caf::replies_to<pb<container::Attach>,
                    container_stream_actor>::with<pb<container::StreamOpened>>,
    caf::replies_to<pb<container::Logs>,
                    container_stream_actor>::with<pb<container::StreamOpened>>,

    // Whether the machine has an image; fetch it.
    caf::replies_to<pb<container::ImageStatus>>::with<
        pb<container::ImageStatusResult>>,
    caf::replies_to<pb<container::PullImage>>::with<pb<container::Image>>>::
    // What whoever hears one of these streams says.
    extend_with<stream_source_actor>::extend_with<describe_actor>;

} // namespace troupe
