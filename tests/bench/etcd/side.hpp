#pragma once

#include "messages/codec.hpp"
#include "messages/store_interface.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace troupe::bench {

/// One of the two that are compared: servers in processes of their own with
/// their data on disk, and the ways to them that clients in this one use. Both
/// are asked over mutual TLS on the loopback interface. Whatever fails ends
/// the benchmark with a message.
class side {
public:
  /// Our program, as `up --servers` starts it, each server in a process.
  static std::unique_ptr<side> own(size_t members,
                                   const std::filesystem::path& folder);
  static std::unique_ptr<side> etcd(size_t members,
                                    const std::filesystem::path& folder);

  virtual ~side() = default;

  /// Of the clients.
  virtual caf::actor_system& system() = 0;
  /// The leader, over as many connections as clients use.
  virtual std::vector<store_actor> doors() = 0;
  /// Syncs of files so far, by all members.
  virtual uint64_t syncs() = 0;
  /// MB of memory that is their own, and all that is resident; of all members.
  double anonymous_mb() { return memory_mb("Anonymous:"); }
  double resident_mb() { return memory_mb("Rss:"); }

  /// Ends it as kill -9 does and starts it anew over the same data; returns the
  /// milliseconds until it answers a linearizable read. Ours is a whole
  /// cluster, and is waited for until its nodes are Ready.
  virtual double restart_ms() = 0;

  /// Asks the leader and waits.
  template <class Response, class Request>
  Response ask(Request request);

protected:
  virtual std::vector<pid_t> processes() = 0;

private:
  double memory_mb(const std::string& what);
};

/// Ends the benchmark with a message.
[[noreturn]] void fail(const caf::error& why);

/// Asks and waits; fails with what the other side says, or after `patience`.
template <class Response, class Request>
expected<Response> ask(caf::actor_system& system, const store_actor& whom,
                       Request request, std::chrono::seconds patience) {
  expected<Response> result{caf::sec::runtime_error};
  caf::scoped_actor self{system};
  self->request(whom, patience, pb<Request>{std::move(request)})
      .receive([&](const pb<Response>& x) { result = *x; },
               [&](const caf::error& err) { result = err; });
  return result;
}

template <class Response, class Request>
Response side::ask(Request request) {
  auto result = bench::ask<Response>(
      system(), doors().front(), std::move(request), std::chrono::seconds(20));
  if (!result)
    fail(result.error());
  return std::move(*result);
}

} // namespace troupe::bench
