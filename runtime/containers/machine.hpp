#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"
#include "runtime/containers/stages.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace troupe::simulation {

/// An instant on both clocks, in nanoseconds: delays follow the monotonic one,
/// what people see the wall's.
struct moment {
  int64_t monotonic = 0;
  int64_t wall = 0;
};

/// The containers of one simulated node: what processes and shims are for a
/// real one. It has no clock and no thread; whoever holds it tells the time.
class machine {
public:
  struct log_line {
    int64_t at;
    const std::string* text; ///< the script's
  };

  machine(std::shared_ptr<const script> behaviour, uint64_t seed);

  // Errors are those of container_runtime_actor. A start or a stop that takes
  // time is over when `advance` tells of its event.
  expected<container::Sandbox> run(const container::SandboxConfig& config,
                                   moment now);
  caf::error stop_sandbox(const std::string& id, moment now);
  void remove_sandbox(const std::string& id, moment now);
  expected<container::Container>
  create(const std::string& sandbox, const container::ContainerConfig& config,
         moment now);
  caf::error start(const std::string& id, moment now);
  caf::error stop(const std::string& id, int64_t grace_ms, moment now);
  caf::error signal(const std::string& id, int32_t number, moment now);
  void remove(const std::string& id, moment now);

  expected<container::Container> status(const std::string& id) const;
  container::State state() const;
  size_t pods() const { return pods_.size(); }
  size_t containers() const { return all_.size(); }
  size_t running() const { return running_; }

  /// When the next thing happens by itself, on the monotonic clock.
  std::optional<int64_t> next_due() const;

  /// All that has happened since it was last asked, in order.
  std::vector<container::Event> advance(moment now);

  /// What an exec does: its rule.
  expected<exec_rule> exec(const std::string& id,
                           const std::string& command) const;
  /// How long an image takes; not_found with its reason.
  expected<std::chrono::nanoseconds> pull(const std::string& reference) const;
  /// How long a sandbox takes.
  std::chrono::nanoseconds
  sandbox_delay(const container::SandboxConfig& config) const;

  /// What a container wrote so far.
  expected<std::vector<log_line>> log(const std::string& id) const;

private:
  struct pod;

  struct simulated {
    container::Container status;
    pod* owner = nullptr;
    const stage* next = nullptr; ///< what happens at `due`; null: a kill
    int64_t due = 0;             ///< 0: nothing is planned
    bool starting = false;
    bool stopping = false;
    std::vector<log_line> log;
  };

  struct pod {
    container::SandboxConfig config;
    container::SandboxState state = container::READY;
    int64_t created = 0;
    int64_t pid = 0;
    std::set<std::string> containers;
  };

  subject whom(const simulated& c) const;
  void plan(simulated& c, const stage* next, int64_t due);
  void forget_plan(simulated& c);
  void begin(simulated& c, const stage* next, moment now);
  void pass(simulated& c, const stage& s, moment now);
  void run_on(simulated& c, moment now);
  void finish(simulated& c, int32_t code, int32_t signal, moment now);
  void tell(container::EventType type, const simulated& c, moment now);
  container::Sandbox describe(const std::string& id, const pod& p) const;
  simulated* find(const std::string& id);
  const simulated* find(const std::string& id) const;

  std::shared_ptr<const script> script_;
  uint64_t seed_;
  int64_t last_pid_ = 0;
  size_t running_ = 0;
  std::map<std::string, pod> pods_;
  std::map<std::string, simulated> all_;
  std::set<std::pair<int64_t, std::string>> due_;
  std::vector<container::Event> events_;
};

/// Returns the seed of one node's machine among those of one simulation.
uint64_t machine_seed(uint64_t seed, const std::string& node);

} // namespace troupe::simulation
