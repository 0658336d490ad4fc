#include "tests/support/simulated_cluster.hpp"

#include "actors/system/cluster.hpp"
#include "messages/system.pb.h"
#include "runtime/containers/volume_edge.hpp"
#include "runtime/http/simulated_http.hpp"
#include "runtime/net/probe_edge.hpp"
#include "runtime/net/service_edge.hpp"
#include "runtime/system/simulated_world.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace troupe::test {

simulated_cluster::config_type::config_type() {
  register_types(*this);
  set("scheduler.policy", caf::atom("testing"));
}

simulated_cluster::simulated_cluster(uint64_t seed, uint32_t nodes)
    : simulated_cluster(simulation_options{seed, nodes}) {
  // nop
}

simulated_cluster::simulated_cluster(const simulation_options& options)
    : system_(config_),
      scheduler_(
          dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())),
      fleet_(std::make_shared<simulation::fleet>(simulation::script{},
                                                 options.seed)),
      self_(system_),
      begin_(scheduler_.clock().now()) {
  http_ = std::make_shared<http::simulated_http>();
  world_ = simulated_world(options.seed, [this] { return passed() + set_; });
  auto outside = std::make_shared<edges>();
  outside_ = outside;
  auto config = std::make_shared<cluster_config>();
  config->servers.clear();
  for (uint32_t i = 0; i < options.servers; ++i) {
    auto name = "server-" + std::to_string(i + 1);
    config->servers.push_back({name, ""});
    disks_.push_back(std::make_unique<store::simulated_disk>(options.seed + i));
    outside->disks[name] = disks_.back().get();
  }
  outside->disk = disks_.front().get();
  outside->authority = options.authority;
  outside->probes = std::make_shared<net::simulated_probes>();
  outside->services = services_;
  outside->names = names_;
  outside->fleet = fleet_;
  if (options.apart)
    wires_ = std::make_shared<simulated_wires>(system_, options.seed);
  outside->wires = wires_;
  outside->volumes = std::make_shared<simulated_volumes>();
  config->data_dir = "/troupe";
  for (uint32_t i = 0; i < options.nodes; ++i)
    config->nodes.push_back({"node-" + std::to_string(i + 1),
                             "172.16.0." + std::to_string(i + 1),
                             "10.244." + std::to_string(i) + ".0/24"});
  config->runtime = "simulated";
  settings_ = config;
  if (options.traced)
    trace_ = std::make_unique<message_trace>();
  plant();
  run();
}

void simulated_cluster::plant() {
  root_ = spawn_cluster(
      system_, world_, outside_, settings_,
      [this](const directory_actor& handle) { directory_ = handle; }, http_);
  root_gone_ = false;
  // Not by a monitor: what comes to `self_` is the answer to a request.
  caf::actor_cast<caf::abstract_actor*>(root_)->attach_functor(
      [this](const caf::error&) { root_gone_ = true; });
}

caf::actor simulated_cluster::find(const std::string& path) {
  system::Resolve where;
  where.set_path(path);
  auto found = request<caf::actor>(directory_, pb<system::Resolve>{where});
  return found ? std::get<0>(*found) : caf::actor{};
}

simulated_cluster::~simulated_cluster() {
  session_ = nullptr;
  directory_ = nullptr;
  self_->send_exit(root_, caf::exit_reason::user_shutdown);
  root_ = nullptr;
  // An end in order says something to others, which may take its time.
  constexpr int most_steps = 1000;
  run_jobs();
  for (int i = 0; i < most_steps && !root_gone_; ++i) {
    scheduler_.advance_time(std::chrono::milliseconds(10));
    run_jobs();
  }
}

void simulated_cluster::run_jobs() {
  while (scheduler_.has_job()) {
    if (trace_)
      trace_->note(scheduler_.next_job<>(), passed());
    if (observer_)
      observer_(scheduler_.next_job<>());
    scheduler_.run_once();
  }
}

bool simulated_cluster::is_dark() const {
  return std::any_of(disks_.begin(), disks_.end(),
                     [](auto& disk) { return disk->is_off(); });
}

void simulated_cluster::end_blackout() {
  // All that knows of the disk goes before it comes back.
  if (disks_.size() == 1) {
    caf::anon_send_exit(root_, caf::exit_reason::kill);
    run_jobs();
  }
  for (size_t i = 0; i < disks_.size(); ++i) {
    if (!disks_[i]->is_off())
      continue;
    if (disks_.size() > 1) {
      system::Kill msg;
      msg.set_path(settings_->servers[i].name);
      msg.set_away_ms(1'000);
      caf::anon_send(directory_, pb<system::Kill>{std::move(msg)});
      run_jobs();
    }
    disks_[i]->power_on();
  }
}

void simulated_cluster::run() {
  run_jobs();
  while (root_gone_ || is_dark()) {
    if (is_dark())
      end_blackout();
    if (root_gone_)
      plant();
    run_jobs();
  }
}

void simulated_cluster::fail_power() {
  for (auto& disk : disks_)
    disk->power_off();
  run();
}

void simulated_cluster::fail_power_after(uint64_t changes) {
  disks_.front()->power_off_after(changes);
}

void simulated_cluster::fail_power_of(size_t server) {
  disks_.at(server)->power_off();
  run();
}

void simulated_cluster::fail_power_of_after(size_t server, uint64_t changes) {
  disks_.at(server)->power_off_after(changes);
}

std::string simulated_cluster::path_at(size_t server,
                                       const std::string& path) const {
  return settings_->top_of(settings_->servers.at(server)) + path;
}

void simulated_cluster::turn_to(size_t server) {
  server_ = server;
  session_ = nullptr;
}

void simulated_cluster::restart_node(const std::string& name) {
  fleet_->lose(name);
  kill("kubelet/" + name + "/runtime");
  kill("kubelet/" + name);
}

size_t simulated_cluster::strays() {
  // The asker is one; CAF's own do not count as running.
  return system_.registry().running() - paths().size();
}

void simulated_cluster::advance(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds step{10};
  for (; time.count() > 0; time -= step) {
    scheduler_.advance_time(std::min(step, time));
    run();
  }
}

bool simulated_cluster::run_until(const std::function<bool()>& done,
                                  std::chrono::seconds most) {
  auto end = now() + most;
  while (!done()) {
    if (now() >= end)
      return false;
    advance(std::chrono::milliseconds(50));
  }
  return true;
}

std::chrono::nanoseconds simulated_cluster::passed() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      scheduler_.clock().now() - begin_);
}

time_point simulated_cluster::now() const {
  return world_->now();
}

template <class... Out, class Handle, class... Ts>
expected<std::tuple<Out...>> simulated_cluster::request(const Handle& to,
                                                        const Ts&... xs) {
  constexpr int most_steps = 2000;
  auto handle = self_->request(to, caf::infinite, xs...);
  run();
  for (int i = 0; i < most_steps && !self_->has_next_message(); ++i)
    advance(std::chrono::milliseconds(10));
  expected<std::tuple<Out...>> result{
      make_error(ec::timeout, "no answer in virtual time")};
  if (!self_->has_next_message())
    return result;
  handle.receive([&](Out&... out) { result = std::make_tuple(out...); },
                 [&](caf::error& err) { result = err; });
  return result;
}

expected<session_actor>
simulated_cluster::session_of(const std::string& user,
                              const std::vector<std::string>& groups) {
  system::Resolve msg;
  msg.set_path(path_at(server_, "apiserver/front_door"));
  auto door = request<caf::actor>(directory_, pb<system::Resolve>{msg});
  if (!door)
    return door.error();
  call::OpenSession open;
  open.set_user(user);
  *open.mutable_groups() = {groups.begin(), groups.end()};
  auto opened = request<pb<call::SessionOpened>, session_actor>(
      caf::actor_cast<front_door_actor>(std::get<0>(*door)),
      pb<call::OpenSession>{open});
  if (!opened)
    return opened.error();
  return std::get<1>(*opened);
}

caf::error simulated_cluster::open_session() {
  auto opened = session_of("kubernetes-admin", {"system:masters"});
  if (!opened)
    return opened.error();
  session_ = *opened;
  return caf::none;
}

expected<answer>
simulated_cluster::ask_as(const std::string& user,
                          const std::vector<std::string>& groups,
                          call::Request msg, const object& body) {
  auto session = session_of(user, groups);
  if (!session)
    return session.error();
  auto sent = request<pb<call::Response>, std::vector<object>>(
      *session, pb<call::Request>{msg}, body);
  self_->send_exit(*session, caf::exit_reason::user_shutdown);
  run();
  if (!sent)
    return sent.error();
  return answer{std::get<0>(*sent), std::get<1>(*sent)};
}

expected<answer> simulated_cluster::ask(call::Request msg, const object& body) {
  expected<answer> result{make_error(ec::service_unavailable, "no session")};
  // A session that was killed answers nothing: once more with another.
  for (int tries = 0; tries < 3; ++tries) {
    if (!session_)
      if (auto err = open_session())
        return err;
    auto sent = request<pb<call::Response>, std::vector<object>>(
        session_, pb<call::Request>{msg}, body);
    if (sent)
      return answer{std::get<0>(*sent), std::get<1>(*sent)};
    result = sent.error();
    if (sent.error() != caf::sec::request_receiver_down)
      return result;
    session_ = nullptr;
  }
  return result;
}

namespace {

call::Request request_about(call::Verb verb, const kind_info& kind,
                            const std::string& ns, const std::string& name) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  msg.set_namespace_(ns);
  msg.set_name(name);
  return msg;
}

expected<object> one_of(expected<answer> from) {
  if (!from)
    return from.error();
  return from->one();
}

} // namespace

expected<object> simulated_cluster::create(const object& what) {
  return one_of(ask(
      request_about(call::CREATE, what.kind(), what.ns(), what.name()), what));
}

expected<object> simulated_cluster::update(const object& what) {
  return one_of(ask(
      request_about(call::UPDATE, what.kind(), what.ns(), what.name()), what));
}

expected<object> simulated_cluster::get(const kind_info& kind,
                                        const std::string& ns,
                                        const std::string& name) {
  return one_of(ask(request_about(call::GET, kind, ns, name)));
}

std::vector<object> simulated_cluster::list(const kind_info& kind,
                                            const std::string& ns,
                                            const std::string& labels) {
  auto msg = request_about(call::LIST, kind, ns, {});
  msg.set_label_selector(labels);
  auto found = ask(msg);
  return found ? found->objects : std::vector<object>{};
}

expected<object> simulated_cluster::remove(const kind_info& kind,
                                           const std::string& ns,
                                           const std::string& name) {
  return one_of(ask(request_about(call::DELETE, kind, ns, name)));
}

std::vector<system::ActorEntry> simulated_cluster::actors() {
  auto all = request<pb<system::ActorList>>(
      directory_, pb<system::ListActors>{system::ListActors{}});
  if (!all)
    return {};
  auto& list = std::get<0>(*all)->actors();
  return {list.begin(), list.end()};
}

std::vector<std::string> simulated_cluster::paths() {
  std::vector<std::string> result;
  for (auto& actor : actors())
    result.push_back(actor.path());
  return result;
}

void simulated_cluster::kill(const std::string& path) {
  if (path == "root") {
    caf::anon_send_exit(root_, caf::exit_reason::kill);
    run();
    return;
  }
  system::Kill msg;
  msg.set_path(path);
  request<pb<system::Killed>>(directory_, pb<system::Kill>{msg});
  run();
}

void simulated_cluster::keep_away(const std::string& path,
                                  std::chrono::milliseconds time) {
  system::Kill msg;
  msg.set_path(path);
  msg.set_away_ms(time.count());
  request<pb<system::Killed>>(directory_, pb<system::Kill>{msg});
  run();
}

std::string simulated_cluster::why(const std::string& kind,
                                   const std::string& key) {
  if (!session_)
    if (auto err = open_session())
      return message_of(err);
  system::Explain msg;
  msg.set_kind(kind);
  msg.set_key(key);
  auto told =
      request<pb<system::Explanation>>(session_, pb<system::Explain>{msg});
  if (!told)
    return message_of(told.error());
  std::string result;
  for (auto& decision : std::get<0>(*told)->decisions())
    result += decision + "\n";
  return result;
}

} // namespace troupe::test
