#pragma once

#include "runtime/process/event_loop.hpp"
#include "runtime/process/pod_link.hpp"
#include "runtime/process/pod_runtime.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::process {

class log_stream;

/// What is known of a pod.
struct pod_record {
  container::Sandbox info;
  container::SandboxConfig config;
  std::string folder;
  std::shared_ptr<pod_link> link;
  std::map<std::string, container::Container> containers;
  std::vector<reply<container::Sandbox>> starting;
  std::vector<reply<container::Done>> ending;
  /// Containers that the shim has not acknowledged: who waits for them.
  std::map<std::string, std::vector<reply<container::Container>>> creating;
  /// What waits until the shim has told anew how its containers stand.
  std::vector<event_loop::task> unknown;
  bool listing = false; ///< the shim was asked, and has not told
  bool stopping = false;
  bool damaged = false; ///< what it is cannot be read any more
  int reconnects = 0;
};

/// An exec, an attach or a log that is being read.
struct stream_record {
  std::string pod;
  std::string container;
  stream_sink sink;
  bool ours = false; ///< an exec_sync's: credit is given here
  std::shared_ptr<log_stream> log;
  uint32_t log_credit = 0;
  bool follow = false;
  int watch = -1;
};

} // namespace troupe::process
