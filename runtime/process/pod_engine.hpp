#pragma once

#include "runtime/process/bundle_setup.hpp"
#include "runtime/process/event_loop.hpp"
#include "runtime/process/pod_record.hpp"

#include <mutex>

namespace troupe::process {

/// What pod_runtime knows and does on its own thread.
class pod_runtime::engine {
public:
  engine(runtime_options options, event_handler events);
  ~engine();

  event_loop& loop() { return loop_; }

  /// Runs the task once the pods of before are found again.
  void when_ready(event_loop::task what);

  // Sandboxes (pod_sandboxes.cpp).
  container::RuntimeStatus status() const;
  void state(reply<container::State> done);
  void run(const container::SandboxConfig& config,
           reply<container::Sandbox> done);
  void stop_sandbox(const std::string& id, reply<container::Done> done);
  void remove_sandbox(const std::string& id, reply<container::Done> done);

  // Containers (pod_containers.cpp).
  void create(const std::string& sandbox,
              const container::ContainerConfig& config,
              reply<container::Container> done);
  void start(const std::string& id, reply<container::Container> done);
  void stop(const std::string& id, int64_t grace_ms,
            reply<container::Container> done);
  void remove(const std::string& id, reply<container::Done> done);
  void signal(const std::string& id, int32_t number,
              reply<container::Done> done);
  void reopen_log(const std::string& id, reply<container::Done> done);
  expected<container::Image> image(const std::string& reference,
                                   bool own_command) const;
  void pull(const container::PullImage& what, reply<container::Image> done);

  // Where an OCI runtime makes the containers (pod_bundles.cpp).
  expected<oci::usage> usage(const std::string& id);
  expected<container::Done> update(const std::string& id,
                                   const container::Resources& resources);

  // Streams (pod_streams.cpp).
  void exec_sync(const container::ExecSync& what,
                 reply<container::ExecResult> done);
  void exec(const container::Exec& what, stream_sink sink,
            reply<container::StreamOpened> done);
  void attach(const container::Attach& what, stream_sink sink,
              reply<container::StreamOpened> done);
  void logs(const container::Logs& what, stream_sink sink,
            reply<container::StreamOpened> done);
  void input(const container::StreamData& data);
  void credit(const container::StreamCredit& credit);
  void resize(const container::StreamResize& size);
  void close(uint64_t stream);

private:
  using pod = pod_record;
  using stream = stream_record;

  // Finding again (pod_adoption.cpp).
  void begin();
  bool take_place();
  void probe_machine();
  void adopt_all();
  void adopt(const std::string& id, const std::string& folder);
  void adopted_one();

  // Connections to shims (pod_connection.cpp).
  void connect(pod& p, std::function<void(bool)> done);
  bool take_list(pod& p, wire_reader fields);
  std::optional<container::Container>
  take_container(pod& p, wire_reader& fields, bool heard);
  void lose(pod& p);
  void on_link_lost(const std::string& id);
  void when_known(const std::string& id, event_loop::task what);
  void tell_known(pod& p);

  void attach_link(pod& p, int fd);
  void on_frame(const std::string& id, const frame_header& header,
                wire_reader fields);
  void on_exited(pod& p, wire_reader fields);
  void emit(container::EventType type, const container::Container& c);
  void emit_lost(const pod& p);
  container::State present() const;
  expected<int> spawn_shim(const std::string& id);
  void finish_stop(const std::string& id);
  void finish_start(const std::string& id, const shim_answer& result);
  std::string describe(const pod& p, const std::string& hostname) const;

  expected<std::string> prepare(const pod& p, const container::Container& c,
                                const container::ContainerConfig& config,
                                const oci::unpacked_image& image);
  void send_create(pod& p, const container::Container& c,
                   const std::string& fields);
  void finish_create(const std::string& sandbox, const std::string& id,
                     expected<container::Container> result);
  void finish_container_start(const std::string& id, const shim_answer& result,
                              reply<container::Container> done);
  void undo_start(const std::string& id, reply<container::Container> done);

  // Where an OCI runtime makes the containers (pod_bundles.cpp).
  bool by_runtime() const { return options_.rootfs != nullptr; }
  void probe_runtime();
  std::string try_runtime(const std::string& program);
  caf::error prepare_pod(const pod& p);
  caf::error make_pod_group(const pod& p);
  caf::error write_pod_files(const pod& p);
  /// Shares of the class of pods that ask for some.
  void balance();
  /// Ends what is in the group, removes it, then goes on; at the latest after
  /// some seconds.
  void clear_group(const std::string& path, event_loop::task then,
                   int attempt = 0);
  void clear_pod_group(const pod& p, event_loop::task then);
  /// Groups of pods that nobody knows.
  void clear_strange_groups();
  expected<oci::unpacked_image>
  image_for(const container::ContainerConfig& config) const;
  expected<std::string> set_up_bundle(const pod& p,
                                      const container::Container& c,
                                      const container::ContainerConfig& config,
                                      const oci::unpacked_image& image);
  std::string group_of(const pod& p, const container::Container& c) const;
  /// Images of containers that nobody knows.
  void release_strange_images();
  /// The container needs its image no more.
  void let_go(const std::string& container);

  pod* find_pod(const std::string& id);
  /// The pod of a container, and the container; nothing when unknown.
  std::pair<pod*, container::Container*> find(const std::string& id);
  void simple(const std::string& id, frame_kind kind, std::string fields,
              reply<container::Done> done);
  void finish_exec(uint64_t id, int32_t code, const std::string& error);
  void open(frame_kind kind, const std::string& container, std::string fields,
            stream what, uint32_t tag, reply<container::StreamOpened> done);
  void on_stream_frame(const frame_header& header, wire_reader fields);
  void pump_log(uint64_t id);
  void watch_log(stream& s, const std::string& path);
  void unwatch_log(const stream& s);
  void on_log_events();
  void end_streams_of(const std::string& sandbox);

  runtime_options options_;
  event_handler events_;
  uint32_t isolation_ = 0;
  std::string unable_; ///< why nothing can be run
  std::string reason_; ///< why isolation is as it is
  bool ready_ = false;
  runtime_facts facts_; ///< where an OCI runtime makes the containers
  int place_ = -1;      ///< the pods' folder: locked, so that it is ours alone
  size_t adopting_ = 0;
  std::vector<event_loop::task> waiting_;
  std::map<std::string, std::unique_ptr<pod>> pods_;
  std::map<uint64_t, stream> streams_;
  int inotify_ = -1;
  /// Answers from other threads come in as long as it is open.
  struct door {
    std::mutex mutex;
    bool open = true;
  };
  std::shared_ptr<door> door_ = std::make_shared<door>();
  event_loop loop_; ///< last: its thread uses all above
};

/// The error that an answer of a shim stands for.
caf::error error_of(const shim_answer& answer);

/// Now, since 1970, in nanoseconds.
int64_t now_ns();

} // namespace troupe::process
