#include "group_fixture.hpp"

#include "actors/system/directory.hpp"
#include "messages/system.pb.h"
#include "runtime/system/simulated_world.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <map>
#include <set>
#include <utility>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

store_group::config_type::config_type() {
  register_types(*this);
  set("scheduler.policy", caf::atom("testing"));
}

store_group::store_group(size_t servers, uint64_t seed,
                         const store_options& options)
    : system_(config_),
      scheduler_(
          dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())),
      begin_(scheduler_.clock().now()),
      settings_(std::make_shared<cluster_config>()),
      options_(options),
      seed_(seed) {
  options_.path = "store";
  world_ = simulated_world(seed, [this] { return passed(); });
  wires_ = std::make_shared<simulated_wires>(system_, seed);
  simulated_wires::conditions how;
  how.longest = 2ms;
  wires_->set(how);
  settings_->data_dir = "/troupe";
  directory_ = system_.spawn(directory);
  for (size_t i = 0; i < servers; ++i)
    add_server();
  for (size_t i = 0; i < servers; ++i) {
    auto& member = servers_[i].member;
    member.id = i + 1;
    for (size_t k = 0; k < servers; ++k)
      member.founders.push_back({k + 1, true, path_of(k) + "/store"});
    start(i);
  }
  run();
}

store_group::~store_group() {
  for (auto& x : servers_)
    if (x.root)
      caf::anon_send_exit(x.root, caf::exit_reason::user_shutdown);
  for (auto& x : servers_)
    x.root = nullptr;
  run();
  askers_.clear();
  caf::anon_send_exit(directory_, caf::exit_reason::user_shutdown);
  directory_ = nullptr;
  run();
}

std::string store_group::path_of(size_t server) {
  return "server-" + std::to_string(server + 1);
}

size_t store_group::add_server() {
  machine next;
  next.disk = std::make_unique<store::simulated_disk>(seed_ + servers_.size());
  next.outside = std::make_shared<edges>();
  next.outside->disk = next.disk.get();
  next.outside->wires = wires_;
  next.member.id = 0;
  next.member.founders.clear();
  servers_.push_back(std::move(next));
  return servers_.size() - 1;
}

uint64_t store_group::join(size_t server, size_t via, bool voter) {
  MemberAddRequest request;
  request.set_address(path_of(server) + "/store");
  auto added = answer<MemberResponse>(via, request);
  EXPECT_TRUE(added) << message_of(added.error());
  if (!added)
    return 0;
  adopt(server, added->id(), voter);
  return added->id();
}

void store_group::adopt(size_t server, uint64_t id, bool voter) {
  servers_[server].member.id = id;
  servers_[server].member.voter = voter;
  start(server);
}

void store_group::lose_store(size_t server) {
  crash(server);
  auto& disk = *servers_[server].disk;
  for (auto part : {"log", "state"}) {
    auto folder = "/troupe/store/" + std::string{part};
    std::vector<std::string> names;
    disk.GetChildren(folder, &names);
    for (auto& name : names)
      disk.RemoveFile(folder + "/" + name);
  }
}

size_t store_group::server_of(uint64_t id) const {
  for (size_t i = 0; i < size(); ++i)
    if (servers_[i].member.id == id)
      return i;
  ADD_FAILURE() << "there is no member " << id;
  return 0;
}

bool store_group::voters_are(const std::vector<uint64_t>& ids) {
  for (auto id : ids) {
    std::vector<uint64_t> found;
    auto is = status(server_of(id));
    for (auto& x : is.members())
      if (x.voter())
        found.push_back(x.id());
    if (found != ids)
      return false;
  }
  return true;
}

void store_group::wipe(size_t server) {
  auto& x = servers_[server];
  if (x.root)
    caf::anon_send_exit(x.root, caf::exit_reason::user_shutdown);
  x.root = nullptr;
  run();
  x.disk = std::make_unique<store::simulated_disk>(seed_ + server + 1000);
  x.outside = std::make_shared<edges>();
  x.outside->disk = x.disk.get();
  x.outside->wires = wires_;
  x.member.id = 0;
  x.member.founders.clear();
}

store_options store_group::options_of(size_t server) const {
  auto result = options_;
  result.path = settings_->data_dir + "/" + options_.path;
  result.env = servers_[server].disk.get();
  return result;
}

void store_group::start(size_t server) {
  options_.member = servers_[server].member;
  context ctx{world_,     servers_[server].outside, settings_,
              directory_, path_of(server),          1};
  supervision rules;
  rules.intensity = 1'000;
  servers_[server].root =
      system_.spawn(supervisor, ctx, rules,
                    std::vector<child_spec>{make_store_branch(options_)});
}

void store_group::crash(size_t server) {
  auto& x = servers_[server];
  x.disk->power_off();
  caf::anon_send_exit(x.root, caf::exit_reason::kill);
  x.root = nullptr;
  run();
  x.disk->power_on();
}

void store_group::kill(size_t server, const std::string& path) {
  system::Kill msg;
  msg.set_path(path_of(server) + "/" + path);
  caf::anon_send(directory_, pb<system::Kill>{msg});
  run();
}

void store_group::isolate(size_t server) {
  for (size_t i = 0; i < servers_.size(); ++i)
    if (i != server)
      wires_->cut(path_of(server), path_of(i));
}

void store_group::run() {
  scheduler_.run();
}

void store_group::advance(std::chrono::milliseconds time) {
  constexpr auto step = 1ms;
  for (; time > 0ms; time -= step) {
    scheduler_.advance_time(step);
    run();
  }
}

bool store_group::run_until(const std::function<bool()>& done,
                            std::chrono::milliseconds most) {
  run();
  for (; !done(); most -= 1ms) {
    if (most <= 0ms)
      return false;
    advance(1ms);
  }
  return true;
}

std::chrono::nanoseconds store_group::passed() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      scheduler_.clock().now() - begin_);
}

store_actor store_group::store(size_t server) {
  if (!is_up(server))
    return {};
  system::Resolve msg;
  msg.set_path(path_of(server) + "/store/replica");
  caf::scoped_actor self{system_};
  auto handle =
      self->request(directory_, caf::infinite, pb<system::Resolve>{msg});
  run();
  store_actor result;
  // It may be about to start anew.
  if (!self->has_next_message())
    return result;
  handle.receive(
      [&](const caf::actor& found) {
        result = caf::actor_cast<store_actor>(found);
      },
      [](const caf::error&) {});
  return result;
}

later<TxnResponse> store_group::put(size_t server, const std::string& key,
                                    const std::string& value) {
  return ask<TxnResponse>(server, put_request(key, value));
}

uint64_t store_group::put_now(size_t server, const std::string& key,
                              const std::string& value) {
  auto done = answer<TxnResponse>(server, put_request(key, value));
  EXPECT_TRUE(done) << message_of(done.error());
  return done ? done->revision() : 0;
}

std::string store_group::get_now(size_t server, const std::string& key) {
  RangeRequest request;
  request.set_key(key);
  auto found = answer<RangeResponse>(server, std::move(request));
  if (!found)
    return message_of(found.error());
  return found->kvs_size() == 0 ? "none" : found->kvs(0).value();
}

StatusResponse store_group::status(size_t server) {
  auto found = answer<StatusResponse>(server, StatusRequest{});
  return found ? *found : StatusResponse{};
}

size_t store_group::leader() {
  std::optional<size_t> result;
  auto known = [&] {
    std::map<uint64_t, size_t> votes;
    std::map<uint64_t, size_t> voters;
    for (size_t i = 0; i < size(); ++i) {
      if (!is_up(i))
        continue;
      auto is = status(i);
      for (auto& x : is.members())
        if (x.id() == id_of(i) && x.voter() && is.leader() != 0)
          ++votes[is.leader()];
      if (is.leader() == id_of(i))
        for (auto& x : is.members())
          voters[is.leader()] += x.voter() ? 1 : 0;
    }
    for (auto& [id, count] : votes)
      if (voters.count(id) > 0 && count > voters[id] / 2)
        result = server_of(id);
    return result.has_value();
  };
  EXPECT_TRUE(run_until(known)) << "no leader";
  return result.value_or(0);
}

bool store_group::converge() {
  return run_until([&] {
    std::set<std::pair<uint64_t, uint64_t>> held;
    for (size_t i = 0; i < size(); ++i) {
      if (!is_up(i))
        continue;
      auto is = status(i);
      if (is.errors_size() == 0) // otherwise it has stopped
        held.insert({is.applied_index(), is.hash()});
    }
    return held.size() == 1;
  });
}

} // namespace troupe::test
