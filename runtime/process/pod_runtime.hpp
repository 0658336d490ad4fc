#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"
#include "runtime/oci/cgroups.hpp"
#include "runtime/oci/image_source.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::process {

struct runtime_options {
  std::string pods;   ///< folder of the pods' folders
  std::string images; ///< folder of the images' folders
  std::string shim;   ///< path of the program troupe-shim
  /// Set: containers are made of these images by an OCI runtime, which needs
  /// root. `images` is not looked at then.
  std::shared_ptr<oci::image_source> rootfs;
  /// OCI runtimes to try, best first; empty: those that the machine has.
  std::vector<std::string> oci_runtimes;
  std::string profiles; ///< folder that names of seccomp profiles are below
  /// sandbox_flags to use instead of what the machine allows.
  std::optional<uint32_t> isolation;
  /// How long the start of a container may take: one that is not done by then
  /// is undone.
  std::chrono::milliseconds start_patience{60'000};
  /// How long an end may take beyond its grace, for processes that are slow to
  /// die; the end of a whole pod, too.
  std::chrono::milliseconds stop_patience{30'000};
};

template <class T>
using reply = std::function<void(expected<T>)>;

/// Where a stream goes; all is called on the runtime's thread.
struct stream_sink {
  std::function<void(container::StreamData)> data;
  std::function<void(container::StreamCredit)> credit;
  std::function<void(container::StreamEnd)> end;
};

/// The edge to real processes: pods held by shims, which go on without it. All
/// methods may be called from any thread and return at once; a reply is called
/// once, on the runtime's own thread, and not at all once it is destroyed. A
/// new one over the same folder waits until the one before is gone and finds
/// its pods. A connection that breaks is made anew, and what was asked
/// meanwhile is answered by how things stand then.
class pod_runtime {
public:
  using event_handler = std::function<void(container::Event)>;

  pod_runtime(runtime_options options, event_handler events);

  /// Lets go of all pods; they go on.
  ~pod_runtime();

  void probe(reply<container::RuntimeStatus> done);
  /// Those that are about to come are waited for, so that whoever asks what
  /// there is misses none.
  void state(reply<container::State> done);

  void run(container::SandboxConfig config, reply<container::Sandbox> done);
  void stop_sandbox(std::string id, reply<container::Done> done);
  void remove_sandbox(std::string id, reply<container::Done> done);

  void create(std::string sandbox, container::ContainerConfig config,
              reply<container::Container> done);
  /// Asked twice it is one start. One that is answered with an error has left
  /// no process.
  void start(std::string id, reply<container::Container> done);
  void stop(std::string id, int64_t grace_ms, reply<container::Container> done);
  void remove(std::string id, reply<container::Done> done);
  void signal(std::string id, int32_t number, reply<container::Done> done);
  void reopen_log(std::string id, reply<container::Done> done);

  void exec_sync(container::ExecSync what, reply<container::ExecResult> done);
  void exec(container::Exec what, stream_sink sink,
            reply<container::StreamOpened> done);
  void attach(container::Attach what, stream_sink sink,
              reply<container::StreamOpened> done);
  void logs(container::Logs what, stream_sink sink,
            reply<container::StreamOpened> done);
  void input(container::StreamData data);
  void credit(container::StreamCredit credit);
  void resize(container::StreamResize size);
  void close(uint64_t stream);

  /// What the containers of a pod, or one of them, have used; only where an
  /// OCI runtime makes them.
  void usage(std::string id, reply<oci::usage> done);
  /// Changes what a running container may use; what is not set is not limited.
  void update(std::string id, container::Resources resources,
              reply<container::Done> done);

  void image_status(container::ImageStatus what,
                    reply<container::ImageStatusResult> done);
  void pull(container::PullImage what, reply<container::Image> done);

private:
  class engine;
  std::unique_ptr<engine> engine_;
};

} // namespace troupe::process
