#include "actors/store/store.hpp"

#include "actors/store/peers.hpp"
#include "actors/store/replica.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/store/database.hpp"
#include "runtime/store/reading.hpp"
#include "runtime/store/salvage.hpp"
#include "runtime/store/snapshot_file.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

constexpr size_t reader_count = 2;
// In beats of 50 ms: a leader that is silent is replaced after 0.6 to 1.2 s.
constexpr uint64_t election_ticks = 12;
constexpr uint64_t heartbeat_ticks = 2;

/// What the children of one incarnation know of each other, filled in as they
/// are started, in their order.
struct assembly {
  store_options options;
  store_disk disk;
  store_parts parts;
  member_finder_actor finder;
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

reader_actor start_scrubber(caf::actor_system& sys, assembly& a) {
  return a.parts.scrubber = spawn_blocking(sys, a.options.threads, reader);
}

watch_hub_actor start_hub(caf::actor_system& sys, assembly& a) {
  return a.parts.hub = sys.spawn(watch_hub, a.parts.readers.back());
}

log_writer_actor start_log(caf::actor_system& sys, assembly& a) {
  return a.parts.log =
             spawn_blocking(sys, a.options.threads, log_writer, a.disk.log,
                            a.options.member, a.disk.mark);
}

applier_actor start_applier(caf::actor_system& sys, assembly& a) {
  return a.parts.apply =
             spawn_blocking(sys, a.options.threads, applier, a.disk.states,
                            caf::actor_cast<events_actor>(a.parts.hub));
}

snapshots_actor start_snapshots(caf::actor_system& sys, assembly& a) {
  return a.parts.snapshots = spawn_blocking(sys, a.options.threads, snapshots,
                                            a.options.entropy());
}

fetcher_actor start_fetcher(caf::actor_system& sys, assembly& a) {
  return a.parts.fetcher =
             spawn_blocking(sys, a.options.threads, fetcher, a.disk.states);
}

leases_actor start_leases(caf::actor_system& sys, assembly& a) {
  return a.parts.leases = sys.spawn(leases, a.parts.readers.back());
}

compactor_actor start_compactor(caf::actor_system& sys, assembly& a) {
  history_limits keep{a.options.keep_revisions, a.options.keep_time};
  return a.parts.compactor = sys.spawn(compactor, a.parts.scrubber, keep);
}

replica_setup setup_of(const assembly& a) {
  replica_setup result;
  result.parts = a.parts;
  result.finder = a.finder;
  result.limits.election_ticks = election_ticks;
  result.limits.heartbeat_ticks = heartbeat_ticks;
  result.limits.checkpoint_bytes = a.options.checkpoint_bytes;
  result.limits.trailing_bytes = a.options.checkpoint_bytes / 2;
  result.entropy = a.options.entropy;
  result.wants_vote = a.options.member.voter;
  result.quota_bytes = a.options.quota_bytes;
  return result;
}

peers_actor start_peers(caf::actor_system& sys, assembly& a,
                        const context& ctx) {
  auto handle = sys.spawn(peers, ctx);
  a.finder = handle;
  return handle;
}

replica_actor start_replica(caf::actor_system& sys, assembly& a) {
  return sys.spawn(replica, setup_of(a));
}

/// Settles the folder and the way of running at the first start of a branch.
void settle(assembly& a, const context& ctx) {
  // Another stream of numbers for each incarnation.
  a.options.entropy = [ctx] { return ctx.random(); };
  if (a.disk.log)
    return;
  a.options.path = ctx.config().data_dir + "/" + a.options.path;
  // By its number, which nobody else ever gets.
  a.options.mark =
      ctx.config().data_dir + "/members/" + std::to_string(a.options.member.id);
  auto& outside = ctx.outside();
  auto own = outside.disks.find(ctx.server());
  a.options.env = own == outside.disks.end() ? outside.disk : own->second;
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

store::database_options place_of_state(const store_options& options) {
  auto result = place(options, "state");
  result.bloom_filter = true;
  result.unsynced = true;
  return result;
}

} // namespace

store_disk make_store_disk(const store_options& options) {
  return {std::make_shared<store::database_slot>(place(options, "log")),
          std::make_shared<store::state_places>(place_of_state(options)),
          store::member_mark{options.env, options.mark}};
}

expected<store::restored_store> restore_store(const store_options& options,
                                              std::istream& from,
                                              const std::string& address) {
  return store::restore(from, place_of_state(options), place(options, "log"),
                        address);
}

expected<std::string> value_in_store(const store_options& options,
                                     const std::string& key) {
  auto state = store::database::open(place_of_state(options));
  if (!state)
    return std::move(state.error());
  auto look = store::reading::of(*state);
  if (!look)
    return std::move(look.error());
  store_api::RangeRequest question;
  question.set_key(key);
  auto found = (*look)->range(question);
  if (!found)
    return std::move(found.error());
  if (found->kvs().empty())
    return make_error(ec::not_found, "the store holds no " + key);
  return found->kvs(0).value();
}

expected<uint64_t> group_of_store(const store_options& options) {
  return store::group_of(place(options, "log"));
}

expected<uint64_t> salvage_store(const store_options& options,
                                 std::ostream& to) {
  return store::salvage(place_of_state(options), place(options, "log"), to);
}

child_spec store_branch(const store_member& member, const std::string& folder,
                        const store_limits& limits) {
  store_options options;
  options.member = member;
  options.path = folder;
  if (limits.quota_bytes)
    options.quota_bytes = *limits.quota_bytes;
  if (limits.keep_time)
    options.keep_time = *limits.keep_time;
  return make_store_branch(options);
}

child_spec make_store_branch(const store_options& options) {
  auto shared = std::make_shared<assembly>();
  shared->options = options;
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
  specs.push_back(child("scrubber", shared, start_scrubber));
  specs.push_back(child("watch_hub", shared, start_hub));
  specs.push_back(child("log_writer", shared, start_log));
  specs.push_back(child("applier", shared, start_applier));
  specs.push_back(child("snapshots", shared, start_snapshots));
  specs.push_back(child("fetcher", shared, start_fetcher));
  specs.push_back(child("leases", shared, start_leases));
  specs.push_back(child("compactor", shared, start_compactor));
  child_spec finder;
  finder.name = "peers";
  finder.start = [=](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(start_peers(sys, *shared, ctx));
  };
  specs.push_back(std::move(finder));
  specs.push_back(child("replica", shared, start_replica));
  return branch("store", rules, std::move(specs));
}

store_actor spawn_store(caf::actor_system& system, const store_options& options,
                        const store_disk& disk) {
  assembly a;
  a.options = options;
  a.disk = disk;
  if (!a.options.entropy)
    a.options.entropy = real_world()->entropy("store/replica", 0);
  for (size_t i = 0; i < reader_count; ++i)
    start_reader(system, a, i);
  start_scrubber(system, a);
  start_hub(system, a);
  start_log(system, a);
  start_applier(system, a);
  start_snapshots(system, a);
  start_fetcher(system, a);
  start_leases(system, a);
  start_compactor(system, a);
  // Ends its parts when it ends itself, as a supervisor would.
  auto setup = setup_of(a);
  return caf::actor_cast<store_actor>(system.spawn(
      [setup](replica_actor::stateful_pointer<replica_state> self) {
        auto& parts = setup.parts;
        brood members{self};
        for (const auto& reader : parts.readers)
          members.add(caf::actor_cast<caf::actor>(reader));
        members.add(caf::actor_cast<caf::actor>(parts.scrubber));
        members.add(caf::actor_cast<caf::actor>(parts.hub));
        members.add(caf::actor_cast<caf::actor>(parts.log));
        members.add(caf::actor_cast<caf::actor>(parts.apply));
        members.add(caf::actor_cast<caf::actor>(parts.snapshots));
        members.add(caf::actor_cast<caf::actor>(parts.fetcher));
        members.add(caf::actor_cast<caf::actor>(parts.leases));
        members.add(caf::actor_cast<caf::actor>(parts.compactor));
        return replica(self, setup);
      }));
}

store_actor spawn_store(caf::actor_system& system,
                        const store_options& options) {
  return spawn_store(system, options, make_store_disk(options));
}

} // namespace troupe
