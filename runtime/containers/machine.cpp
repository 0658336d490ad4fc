#include "runtime/containers/machine.hpp"

#include <algorithm>
#include <csignal>

namespace troupe::simulation {

namespace {

/// Older lines of a container's log are forgotten.
constexpr size_t most_lines = 10000;

caf::error unknown(const char* what, const std::string& id) {
  return make_error(ec::not_found, std::string{"no "} + what + " " + id);
}

caf::error conflict(const std::string& id, const char* why) {
  return make_error(ec::conflict, "container " + id + " " + why);
}

/// The same for the same words, on every machine and in every run.
uint64_t chance_of(uint64_t seed, const std::string& id,
                   const std::string& what) {
  auto hash = seed ^ 14695981039346656037ull;
  for (auto text : {&id, &what})
    for (auto c : *text)
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  hash ^= hash >> 30;
  hash *= 0xbf58476d1ce4e5b9ull;
  hash ^= hash >> 27;
  hash *= 0x94d049bb133111ebull;
  return hash ^ (hash >> 31);
}

const char* reason_of(const std::string& told, int32_t code) {
  return !told.empty() ? told.c_str() : code == 0 ? "Completed" : "Error";
}

} // namespace

uint64_t machine_seed(uint64_t seed, const std::string& node) {
  return chance_of(seed, node, {});
}

machine::machine(std::shared_ptr<const script> behaviour, uint64_t seed)
    : script_(std::move(behaviour)), seed_(seed) {
  // nop
}

// -- what there is ------------------------------------------------------------

machine::simulated* machine::find(const std::string& id) {
  auto at = all_.find(id);
  return at == all_.end() ? nullptr : &at->second;
}

const machine::simulated* machine::find(const std::string& id) const {
  auto at = all_.find(id);
  return at == all_.end() ? nullptr : &at->second;
}

subject machine::whom(const simulated& c) const {
  auto& config = c.owner->config;
  return {c.status.image(),    c.status.name(), config.name(),
          config.namespace_(), config.labels(), config.annotations()};
}

container::Sandbox machine::describe(const std::string& id,
                                     const pod& p) const {
  container::Sandbox result;
  result.set_id(id);
  result.set_uid(p.config.uid());
  result.set_name(p.config.name());
  result.set_namespace_(p.config.namespace_());
  result.set_attempt(p.config.attempt());
  result.set_state(p.state);
  result.set_created_at(p.created);
  result.set_address(p.config.address());
  result.set_network(p.config.network());
  result.set_pid(p.state == container::READY ? p.pid : 0);
  *result.mutable_labels() = p.config.labels();
  *result.mutable_annotations() = p.config.annotations();
  return result;
}

container::State machine::state() const {
  container::State result;
  for (auto& [id, p] : pods_)
    *result.add_sandboxes() = describe(id, p);
  for (auto& [id, c] : all_)
    *result.add_containers() = c.status;
  return result;
}

expected<container::Container> machine::status(const std::string& id) const {
  if (auto c = find(id))
    return c->status;
  return unknown("container", id);
}

// -- what happens -------------------------------------------------------------

void machine::plan(simulated& c, const stage* next, int64_t due) {
  forget_plan(c);
  c.next = next;
  c.due = due;
  due_.emplace(due, c.status.id());
}

void machine::forget_plan(simulated& c) {
  if (c.due != 0)
    due_.erase({c.due, c.status.id()});
  c.due = 0;
  c.next = nullptr;
}

/// Plans a stage, or passes it when it takes no time.
void machine::begin(simulated& c, const stage* next, moment now) {
  auto delay =
      next->delay_of(whom(c), chance_of(seed_, c.status.id(), next->name));
  if (delay.count() <= 0)
    pass(c, *next, now);
  else
    plan(c, next, now.monotonic + delay.count());
}

void machine::tell(container::EventType type, const simulated& c, moment now) {
  container::Event event;
  event.set_type(type);
  event.set_at(now.wall);
  *event.mutable_container() = c.status;
  events_.push_back(std::move(event));
}

void machine::pass(simulated& c, const stage& s, moment now) {
  forget_plan(c);
  for (auto& line : s.log)
    c.log.push_back({now.wall, &line});
  if (c.log.size() > most_lines)
    c.log.erase(c.log.begin(), c.log.end() - most_lines);
  if (c.status.state() == container::CREATED) {
    c.starting = false;
    c.status.set_state(container::RUNNING);
    c.status.set_pid(++last_pid_);
    c.status.set_started_at(now.wall);
    ++running_;
    tell(container::CONTAINER_STARTED, c, now);
  }
  if (s.to == place::exited) {
    c.status.set_reason(reason_of(s.reason, s.exit_code_of(whom(c))));
    c.status.set_message(s.message);
    finish(c, s.exit_code_of(whom(c)), s.signal, now);
  } else {
    run_on(c, now);
  }
}

/// Plans what a running container does by itself.
void machine::run_on(simulated& c, moment now) {
  auto next = script_->find(place::running, cause::time, whom(c));
  if (next == nullptr)
    return;
  // One that leads to itself without taking time would never end.
  auto chance = chance_of(seed_, c.status.id(), next->name);
  auto delay = next->delay_of(whom(c), chance).count();
  plan(c, next, now.monotonic + std::max<int64_t>(delay, 1));
}

void machine::finish(simulated& c, int32_t code, int32_t signal, moment now) {
  forget_plan(c);
  if (c.status.state() == container::RUNNING)
    --running_;
  c.starting = c.stopping = false;
  c.status.set_state(container::EXITED);
  c.status.clear_pid();
  c.status.set_finished_at(now.wall);
  c.status.set_exit_code(code);
  c.status.set_signal(signal);
  if (!c.status.has_reason())
    c.status.set_reason(reason_of({}, code));
  tell(container::CONTAINER_EXITED, c, now);
}

std::optional<int64_t> machine::next_due() const {
  if (!events_.empty())
    return 0;
  if (due_.empty())
    return std::nullopt;
  return due_.begin()->first;
}

std::vector<container::Event> machine::advance(moment now) {
  while (!due_.empty() && due_.begin()->first <= now.monotonic) {
    auto& c = all_.at(due_.begin()->second);
    if (c.next == nullptr)
      finish(c, 128 + SIGKILL, SIGKILL, now);
    else
      pass(c, *c.next, now);
  }
  std::vector<container::Event> result;
  result.swap(events_);
  return result;
}

// -- what is asked for --------------------------------------------------------

expected<container::Sandbox>
machine::run(const container::SandboxConfig& config, moment now) {
  if (config.uid().empty())
    return make_error(ec::invalid, "config.uid: must not be empty");
  if (config.name().empty())
    return make_error(ec::invalid, "config.name: must not be empty");
  auto id = config.uid() + "_" + std::to_string(config.attempt());
  auto [at, fresh] = pods_.try_emplace(id);
  if (fresh) {
    at->second.config = config;
    at->second.created = now.wall;
    at->second.pid = ++last_pid_;
  }
  return describe(id, at->second);
}

caf::error machine::stop_sandbox(const std::string& id, moment now) {
  auto at = pods_.find(id);
  if (at == pods_.end())
    return unknown("sandbox", id);
  at->second.state = container::NOT_READY;
  for (auto& name : at->second.containers)
    if (auto& c = all_.at(name); c.status.state() != container::EXITED)
      finish(c, 128 + SIGKILL, SIGKILL, now);
  return {};
}

void machine::remove_sandbox(const std::string& id, moment now) {
  if (stop_sandbox(id, now))
    return;
  auto at = pods_.find(id);
  for (auto& name : at->second.containers)
    all_.erase(name);
  pods_.erase(at);
}

expected<container::Container>
machine::create(const std::string& sandbox,
                const container::ContainerConfig& config, moment now) {
  auto at = pods_.find(sandbox);
  if (at == pods_.end())
    return unknown("sandbox", sandbox);
  if (at->second.state != container::READY)
    return make_error(ec::conflict, "sandbox " + sandbox + " is not ready");
  if (config.name().empty())
    return make_error(ec::invalid, "config.name: must not be empty");
  auto id =
      sandbox + "_" + config.name() + "_" + std::to_string(config.attempt());
  auto [place, fresh] = all_.try_emplace(id);
  auto& c = place->second;
  if (!fresh)
    return c.status;
  c.owner = &at->second;
  at->second.containers.insert(id);
  c.status.set_id(id);
  c.status.set_sandbox_id(sandbox);
  c.status.set_name(config.name());
  c.status.set_attempt(config.attempt());
  c.status.set_image(config.image());
  c.status.set_image_ref(config.image());
  c.status.set_state(container::CREATED);
  c.status.set_created_at(now.wall);
  *c.status.mutable_labels() = config.labels();
  *c.status.mutable_annotations() = config.annotations();
  return c.status;
}

caf::error machine::start(const std::string& id, moment now) {
  auto c = find(id);
  if (c == nullptr)
    return unknown("container", id);
  if (c->status.state() == container::EXITED)
    return conflict(id, "has ended");
  if (c->status.state() == container::RUNNING || c->starting)
    return {};
  c->starting = true;
  begin(*c, script_->find(place::created, cause::start, whom(*c)), now);
  return {};
}

caf::error machine::stop(const std::string& id, int64_t grace_ms, moment now) {
  auto c = find(id);
  if (c == nullptr)
    return unknown("container", id);
  if (c->status.state() == container::EXITED)
    return {};
  if (c->status.state() == container::CREATED || grace_ms <= 0) {
    finish(*c, 128 + SIGKILL, SIGKILL, now);
    return {};
  }
  constexpr int64_t longest_ms = int64_t{1000} * 3600 * 24 * 365;
  auto limit = now.monotonic + std::min(grace_ms, longest_ms) * 1000000;
  if (!c->stopping) {
    c->stopping = true;
    begin(*c, script_->find(place::running, cause::stop, whom(*c)), now);
  }
  if (c->due > limit)
    plan(*c, nullptr, limit);
  return {};
}

caf::error machine::signal(const std::string& id, int32_t number, moment now) {
  auto c = find(id);
  if (c == nullptr)
    return unknown("container", id);
  if (c->status.state() != container::RUNNING)
    return conflict(id, "is not running");
  if (number < 1 || number > 64)
    return make_error(ec::invalid,
                      "there is no signal " + std::to_string(number));
  if (number == SIGKILL) {
    finish(*c, 128 + SIGKILL, SIGKILL, now);
  } else if (number == SIGTERM && !c->stopping) {
    c->stopping = true;
    begin(*c, script_->find(place::running, cause::stop, whom(*c)), now);
  }
  return {};
}

void machine::remove(const std::string& id, moment now) {
  auto c = find(id);
  if (c == nullptr)
    return;
  if (c->status.state() != container::EXITED)
    finish(*c, 128 + SIGKILL, SIGKILL, now);
  c->owner->containers.erase(id);
  all_.erase(id);
}

// -- questions ----------------------------------------------------------------

expected<exec_rule> machine::exec(const std::string& id,
                                  const std::string& command) const {
  auto c = find(id);
  if (c == nullptr)
    return unknown("container", id);
  if (c->status.state() != container::RUNNING)
    return conflict(id, "is not running");
  for (auto& rule : script_->execs)
    if (rule.who.accepts(whom(*c)) && fits(rule.command, command))
      return rule;
  return exec_rule{};
}

expected<std::chrono::nanoseconds>
machine::pull(const std::string& reference) const {
  for (auto& rule : script_->images) {
    if (!fits(rule.image, reference))
      continue;
    if (!rule.error.empty())
      return make_error(ec::not_found,
                        "image \"" + reference + "\": " + rule.error);
    return rule.delay;
  }
  return std::chrono::nanoseconds{0};
}

std::chrono::nanoseconds
machine::sandbox_delay(const container::SandboxConfig& config) const {
  static const std::string none;
  subject who{none,
              none,
              config.name(),
              config.namespace_(),
              config.labels(),
              config.annotations()};
  for (auto& rule : script_->sandboxes)
    if (rule.who.accepts(who))
      return rule.delay;
  return std::chrono::nanoseconds{0};
}

expected<std::vector<machine::log_line>>
machine::log(const std::string& id) const {
  if (auto c = find(id))
    return c->log;
  return unknown("container", id);
}

} // namespace troupe::simulation
