#pragma once

#include "actors/store/store.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "tests/support/etcd_servers.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace leveldb {
class Env;
} // namespace leveldb

namespace troupe::test {

/// A store in real time, with everything it needs, whoever keeps it.
class live_store {
public:
  /// Our own, of so many members, each on its own folder below `folder` on the
  /// machine's disk; on a disk in memory if `folder` is empty.
  static std::unique_ptr<live_store> own(size_t members,
                                         std::filesystem::path folder = {},
                                         leveldb::Env* disk = nullptr);

  /// The client of an etcd; or several, each with a connection of its own.
  static std::unique_ptr<live_store> of_etcd(const etcd::place& where,
                                             size_t clients = 1);

  ~live_store();
  live_store(const live_store&) = delete;
  live_store& operator=(const live_store&) = delete;

  caf::actor_system& system() { return system_; }

  /// The store as the clients of one of its members see it.
  store_actor member(size_t index = 0);
  size_t members() const { return handles_.size(); }

  /// Waits until it serves. Returns why it does not.
  caf::error wait_ready();

  /// Asks and waits.
  template <class Response, class Request>
  expected<Response> ask(Request request, size_t member_index = 0) {
    expected<Response> result{caf::sec::runtime_error};
    caf::scoped_actor self{system_};
    self->request(member(member_index), patience,
                  pb<Request>{std::move(request)})
        .receive([&](const pb<Response>& x) { result = *x; },
                 [&](const caf::error& err) { result = err; });
    return result;
  }

  static constexpr auto patience = std::chrono::seconds(20);

private:
  struct config_type : caf::actor_system_config {
    config_type();
  };

  live_store();
  void plant(const std::string& path, child_spec what,
             std::shared_ptr<const edges> outside);
  store_actor resolve(const std::string& path);

  config_type config_;
  std::shared_ptr<cluster_config> settings_;
  std::shared_ptr<void> disk_; ///< in memory
  caf::actor_system system_;
  directory_actor directory_;
  std::vector<supervisor_actor> roots_;
  std::vector<store_actor> handles_;
};

/// What a watcher hears, to be waited for.
class live_watch {
public:
  live_watch(live_store& store, store_api::WatchRequest request,
             size_t member_index = 0);
  ~live_watch();

  /// The next batch; nothing if none comes in time.
  std::optional<store_api::WatchBatch>
  next(std::chrono::milliseconds within = std::chrono::seconds(20));

  /// Waits for so many events, in one batch or several.
  std::vector<store_api::Event> events(size_t count);

  void add_credit(uint64_t credit);
  void cancel();
  void ask_progress(uint64_t token);
  /// Waits for the batch that answers `token`; events before it are kept for
  /// `passed`. Returns its revision, 0 if none comes.
  uint64_t progress(uint64_t token);
  std::vector<store_api::Event> passed;

private:
  struct heard;

  static store_watcher_actor::behavior_type
  listen(store_watcher_actor::pointer self, std::shared_ptr<heard> to);

  store_actor to_;
  uint64_t id_ = 0;
  std::shared_ptr<heard> heard_;
  store_watcher_actor watcher_;
};

} // namespace troupe::test
