#include "actors/store/store.hpp"

#include "actors/store/replica.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/store/database.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

constexpr size_t reader_count = 2;

/// What the children of one incarnation know of each other, filled in as they
/// are started, in their order.
struct assembly {
  store_options options;
  store_disk disk;
  store_parts parts;
};

using assembly_handle = std::shared_ptr<assembly>;

/// Spawns an actor that waits for the disk.
template <class... Ts>
auto spawn_blocking(caf::actor_system& sys, bool threads, Ts&&... xs) {
  return threads ? sys.spawn<caf::detached>(std::forward<Ts>(xs)...)
                 : sys.spawn(std::forward<Ts>(xs)...);
}

reader_actor start_reader(caf::actor_system& sys, assembly& a, size_t number) {
  if (number == 0)
    a.parts.readers.clear();
  a.parts.readers.push_back(spawn_blocking(sys, a.options.threads, reader));
  return a.parts.readers.back();
}

watch_hub_actor start_hub(caf::actor_system& sys, assembly& a) {
  return a.parts.hub = sys.spawn(watch_hub, a.parts.readers.back());
}

log_writer_actor start_log(caf::actor_system& sys, assembly& a) {
  return a.parts.log =
             spawn_blocking(sys, a.options.threads, log_writer, a.disk.log);
}

applier_actor start_applier(caf::actor_system& sys, assembly& a) {
  return a.parts.apply =
             spawn_blocking(sys, a.options.threads, applier, a.disk.state,
                            caf::actor_cast<events_actor>(a.parts.hub),
                            a.options.checkpoint_bytes);
}

leases_actor start_leases(caf::actor_system& sys, assembly& a) {
  return a.parts.leases = sys.spawn(leases, a.parts.readers.back());
}

compactor_actor start_compactor(caf::actor_system& sys, assembly& a) {
  return a.parts.compactor = sys.spawn(compactor, a.parts.readers.back(),
                                       a.options.keep_revisions);
}

replica_actor start_replica(caf::actor_system& sys, assembly& a) {
  return sys.spawn(replica, a.parts);
}

/// Settles the folder and the way of running at the first start of a branch.
void settle(assembly& a, const context& ctx) {
  if (a.disk.log)
    return;
  a.options.path = ctx.config().data_dir + "/store";
  a.options.env = ctx.outside().disk;
  a.options.threads = ctx.threads();
  a.disk = make_store_disk(a.options);
}

template <class Start>
child_spec child(const char* name, const assembly_handle& shared, Start start) {
  child_spec result;
  result.name = name;
  result.start = [=](caf::actor_system& sys, const context& ctx) {
    settle(*shared, ctx);
    return caf::actor_cast<caf::actor>(start(sys, *shared));
  };
  return result;
}

store::database_options place(const store_options& options, const char* name) {
  store::database_options result;
  result.path = options.path + "/" + name;
  result.env = options.env;
  result.write_buffer = options.write_buffer;
  result.block_cache = options.block_cache;
  return result;
}

} // namespace

store_disk make_store_disk(const store_options& options) {
  auto log = place(options, "log");
  auto state = place(options, "state");
  state.bloom_filter = true;
  state.unsynced = true;
  return {std::make_shared<store::database_slot>(log),
          std::make_shared<store::database_slot>(state)};
}

child_spec store_branch() {
  auto shared = std::make_shared<assembly>();
  supervision rules;
  rules.how = strategy::one_for_all;
  std::vector<child_spec> specs;
  for (size_t i = 0; i < reader_count; ++i) {
    auto name = "reader-" + std::to_string(i + 1);
    specs.push_back(
        child(name.c_str(), shared, [i](caf::actor_system& sys, assembly& a) {
          return start_reader(sys, a, i);
        }));
  }
  specs.push_back(child("watch_hub", shared, start_hub));
  specs.push_back(child("log_writer", shared, start_log));
  specs.push_back(child("applier", shared, start_applier));
  specs.push_back(child("leases", shared, start_leases));
  specs.push_back(child("compactor", shared, start_compactor));
  specs.push_back(child("replica", shared, start_replica));
  return branch("store", rules, std::move(specs));
}

store_actor spawn_store(caf::actor_system& system, const store_options& options,
                        const store_disk& disk) {
  assembly a;
  a.options = options;
  a.disk = disk;
  for (size_t i = 0; i < reader_count; ++i)
    start_reader(system, a, i);
  start_hub(system, a);
  start_log(system, a);
  start_applier(system, a);
  start_leases(system, a);
  start_compactor(system, a);
  // Ends its parts when it ends itself, as a supervisor would.
  auto parts = a.parts;
  return caf::actor_cast<store_actor>(system.spawn(
      [parts](replica_actor::stateful_pointer<replica_state> self) {
        brood members{self};
        for (const auto& reader : parts.readers)
          members.add(caf::actor_cast<caf::actor>(reader));
        members.add(caf::actor_cast<caf::actor>(parts.hub));
        members.add(caf::actor_cast<caf::actor>(parts.log));
        members.add(caf::actor_cast<caf::actor>(parts.apply));
        members.add(caf::actor_cast<caf::actor>(parts.leases));
        members.add(caf::actor_cast<caf::actor>(parts.compactor));
        return replica(self, parts);
      }));
}

store_actor spawn_store(caf::actor_system& system,
                        const store_options& options) {
  return spawn_store(system, options, make_store_disk(options));
}

} // namespace troupe
