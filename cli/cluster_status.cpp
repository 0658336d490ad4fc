#include "cli/cluster_status.hpp"

#include "actors/system/election.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/printing/table.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/timestamp.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace troupe::cli {

namespace {

constexpr const char* parts_of_server[] = {"store", "apiserver"};
constexpr const char* parts_of_all[] = {"scheduler", "controllers", "proxy"};
/// More kubelets than this are told in one line, as far as they are well.
constexpr size_t most_kubelets = 10;

bool starts_with(const std::string& text, const std::string& beginning) {
  return text.rfind(beginning, 0) == 0;
}

/// The value of a fact "name=value"; nothing when the actor tells no such.
std::optional<std::string> fact(const system::ActorEntry& of,
                                const std::string& name) {
  for (auto& f : of.facts())
    if (starts_with(f, name + "="))
      return f.substr(name.size() + 1);
  return std::nullopt;
}

std::string away_text(const system::ActorEntry& actor) {
  return actor.path() + " is kept away, back in "
         + text::age_text(std::chrono::milliseconds{actor.away_ms() + 999});
}

/// Puts actors together to what a component is.
class summary {
public:
  explicit summary(std::string name) { result_.name = std::move(name); }

  void add(const system::ActorEntry& actor) {
    result_.restarts += actor.restarts();
    if (!actor.last_failure().empty())
      failure_ = actor.path() + ": " + actor.last_failure();
    if (actor.has_away_ms()) {
      away_.push_back(away_text(actor));
      top_away_ |= actor.path() == result_.name;
      return;
    }
    ++result_.actors;
    if (auto refuses = fact(actor, "refuses"))
      fault_ = actor.path() + ": " + *refuses;
    if (auto full = fact(actor, "full"))
      missing_ = actor.path() + ": " + *full + ", nothing is put";
    if (fact(actor, "away") && away_.empty())
      missing_ = actor.path() + " waits for an actor to start again";
    if (fact(actor, "runtime") == "none")
      missing_ = "waits for its container runtime";
  }

  component_status done() {
    auto& x = result_;
    auto& first_away = away_.empty() ? missing_ : away_.front();
    x.health = !fault_.empty()              ? "Failed"
               : x.actors == 0 || top_away_ ? "Stopped"
               : !first_away.empty()        ? "Degraded"
                                            : "Running";
    x.message = !fault_.empty()       ? fault_
                : !first_away.empty() ? first_away
                : !failure_.empty()   ? "last failure: " + failure_
                                      : "";
    return std::move(x);
  }

private:
  component_status result_;
  std::vector<std::string> away_;
  std::string missing_;
  std::string fault_;
  std::string failure_;
  bool top_away_ = false;
};

/// Kubelets, and servers where there are several, have a level of their own.
bool is_group(const std::string& name) {
  return name == "kubelet" || starts_with(name, "server-");
}

bool is_component(const std::string& name) {
  auto among = [&](auto& all) {
    return std::find(std::begin(all), std::end(all), name) != std::end(all);
  };
  return among(parts_of_server) || among(parts_of_all);
}

/// The component that an actor is a part of, "" for none. In a process of its
/// own it counts as what it is, "scheduler-1/scheduler" as the scheduler.
std::string component_of(const std::string& path) {
  auto slash = path.find('/');
  auto first = path.substr(0, slash);
  if (!is_group(first)) {
    auto second =
        slash == std::string::npos
            ? std::string{}
            : path.substr(slash + 1, path.find('/', slash + 1) - slash - 1);
    return !is_component(first) && is_component(second) ? second : first;
  }
  if (slash == std::string::npos)
    return "";
  auto second = path.substr(0, path.find('/', slash + 1));
  // What every server has, though one of all is active.
  auto name = second.substr(slash + 1);
  auto shared =
      std::find(std::begin(parts_of_all), std::end(parts_of_all), name)
      != std::end(parts_of_all);
  return shared && first != "kubelet" ? name : second;
}

/// What every server consists of, by the name that it has in this tree.
std::vector<std::string>
server_parts(const system::ActorList& actors,
             const std::vector<std::string>& expected) {
  std::set<std::string> servers;
  for (auto& name : expected)
    servers.insert(name + "/");
  auto nameless = false;
  for (auto& actor : actors.actors()) {
    if (starts_with(actor.path(), "server-"))
      servers.insert(actor.path().substr(0, actor.path().find('/')) + "/");
    nameless = nameless || actor.path() == parts_of_server[0];
  }
  // The first one was alone when it started: its parts are the tree's.
  if (nameless && !expected.empty())
    servers.erase(expected.front() + "/");
  if (nameless || servers.empty())
    servers.insert("");
  std::vector<std::string> result;
  for (auto& server : servers)
    for (auto part : parts_of_server)
      result.push_back(server + part);
  return result;
}

/// Whether it is that actor of any server.
bool is_at(const system::ActorEntry& actor, const std::string& place) {
  return actor.path() == place || actor.path().ends_with("/" + place);
}

std::string size_text(uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  auto value = static_cast<double>(bytes);
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  char out[32];
  auto [end, bad] =
      std::to_chars(out, out + sizeof(out), value, std::chars_format::fixed,
                    unit == 0 || value >= 100 ? 0 : 1);
  return std::string{out, end} + " " + units[unit];
}

std::string count_text(const cluster_status& x) {
  size_t all = 0;
  std::string phases;
  for (auto& [phase, count] : x.pods) {
    all += count;
    phases +=
        (phases.empty() ? ": " : ", ") + std::to_string(count) + " " + phase;
  }
  return std::to_string(all) + phases;
}

std::string nodes_text(const cluster_status& x) {
  auto out = std::to_string(x.nodes - x.not_ready.size()) + " of "
             + std::to_string(x.nodes) + " Ready";
  for (size_t i = 0; i < x.not_ready.size() && i < 5; ++i)
    out += (i == 0 ? "; not Ready: " : ", ") + x.not_ready[i];
  return out + (x.not_ready.size() > 5 ? ", ..." : "");
}

printing::table component_table(const cluster_status& x) {
  printing::table result;
  result.header = {"COMPONENT", "HEALTH", "ACTORS", "RESTARTS", "MESSAGE"};
  auto is_kubelet = [](auto& c) { return starts_with(c.name, "kubelet/"); };
  auto kubelets = static_cast<size_t>(
      std::count_if(x.components.begin(), x.components.end(), is_kubelet));
  component_status others;
  size_t summed = 0;
  for (auto& c : x.components) {
    if (kubelets > most_kubelets && is_kubelet(c) && c.health == "Running"
        && c.restarts == 0) {
      ++summed;
      others.actors += c.actors;
      continue;
    }
    result.rows.push_back({c.name, c.health, std::to_string(c.actors),
                           std::to_string(c.restarts), c.message});
  }
  if (summed > 0)
    result.rows.push_back({"kubelet (" + std::to_string(summed) + " nodes)",
                           "Running", std::to_string(others.actors), "0", ""});
  return result;
}

} // namespace

std::vector<component_status>
components_of(const system::ActorList& actors,
              const std::vector<std::string>& nodes,
              const std::vector<std::string>& servers) {
  auto names = server_parts(actors, servers);
  names.insert(names.end(), std::begin(parts_of_all), std::end(parts_of_all));
  for (auto& node : nodes)
    names.push_back("kubelet/" + node);
  std::map<std::string, summary> parts;
  for (auto& name : names)
    parts.emplace(name, summary{name});
  for (auto& actor : actors.actors())
    if (auto part = parts.find(component_of(actor.path())); part != parts.end())
      part->second.add(actor);
  std::vector<component_status> result;
  for (auto& name : names)
    result.push_back(parts.at(name).done());
  return result;
}

std::string problem_without_up(const cluster_status& seen) {
  auto works = [&](std::string_view name) {
    return std::any_of(
        seen.components.begin(), seen.components.end(), [&](auto& x) {
          return x.name == name
                 && (x.health == "Running" || x.health == "Elsewhere");
        });
  };
  std::string missing;
  if (!works("scheduler"))
    missing += "schedules, ";
  if (!works("controllers"))
    missing += "controls ";
  if (!missing.empty())
    missing += "or ";
  return "the process of `troupe up` does not run: nothing " + missing
         + "runs pods of its nodes; `troupe up` starts it";
}

void fill_status(cluster_status& into, const system::ActorList& actors,
                 std::span<const object> nodes, std::span<const object> pods) {
  into.running = true;
  std::vector<std::string> names;
  for (auto& node : nodes) {
    names.push_back(node.name());
    auto& conditions = node.as<core::v1::Node>().status().conditions();
    if (std::none_of(conditions.begin(), conditions.end(), [](auto& c) {
          return c.type() == "Ready" && c.status() == "True";
        }))
      into.not_ready.push_back(node.name());
  }
  into.nodes = names.size();
  for (auto& pod : pods) {
    auto& phase = pod.as<core::v1::Pod>().status().phase();
    ++into.pods[pod.meta().has_deletion_timestamp() ? "Terminating"
                : phase.empty()                     ? "Pending"
                                                    : phase];
  }
  for (auto& actor : actors.actors()) {
    if (is_at(actor, "apiserver/front_door")) {
      into.version = fact(actor, "version").value_or("");
      into.kubernetes = fact(actor, "kubernetes").value_or("");
    }
    if (is_at(actor, "store/replica"))
      if (auto revision = fact(actor, "revision"))
        into.revision = std::max(into.revision.value_or(0),
                                 uint64_t{std::stoull(*revision)});
  }
  into.components = components_of(actors, names, into.servers);
}

void tell_stand_ins(cluster_status& into, std::span<const object> leases,
                    time_point now) {
  const std::map<std::string, std::string> elections{
      {scheduler_election, "scheduler"}, {controllers_election, "controllers"}};
  for (auto& lease : leases) {
    auto which = elections.find(lease.name());
    if (which == elections.end() || lease.ns() != rules::election_namespace)
      continue;
    auto& spec = lease.as<coordination::v1::Lease>().spec();
    auto until = from_time(spec.renew_time())
                 + std::chrono::seconds{spec.lease_duration_seconds()};
    if (spec.holder_identity().empty() || until < now)
      continue;
    for (auto& part : into.components)
      if (part.name == which->second && part.health == "Stopped"
          && part.message.empty()) {
        part.health = "Elsewhere";
        part.message = "done by " + spec.holder_identity();
      }
  }
}

std::string status_text(const cluster_status& x, time_point now) {
  printing::table facts;
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      facts.rows.push_back({name, value});
  };
  // On this machine, without the process that runs all but servers.
  auto in_part = x.running && !x.data_dir.empty() && x.pid == 0;
  add("Cluster:", x.hidden                   ? "not known"
                  : !x.running && x.pid != 0 ? "does not answer"
                  : !x.running               ? "not running"
                  : in_part                  ? "running in part"
                  : x.since == time_point{}
                      ? "running"
                      : "running for " + text::age_text(now - x.since));
  if (x.since != time_point{})
    add(x.running && !in_part ? "Since:" : "Last start:",
        text::time_text(x.since));
  add("Data directory:", x.data_dir);
  add("Kubeconfig:", x.kubeconfig);
  add("Address:", x.address);
  add("Process:", x.pid == 0 ? "" : std::to_string(x.pid));
  add("Problem:", x.problem);
  if (!x.running)
    return printing::to_text(facts);
  add("Version:", x.version + " (Kubernetes " + x.kubernetes + ")");
  std::string store;
  if (x.revision)
    store = "revision " + std::to_string(*x.revision);
  if (x.store_bytes)
    store += (store.empty() ? "" : ", ") + size_text(*x.store_bytes);
  add("Store:", store);
  add("Nodes:", nodes_text(x));
  add("Pods:", count_text(x));
  return printing::to_text(facts) + "\n"
         + printing::to_text(component_table(x));
}

text::document status_document(const cluster_status& x) {
  text::document out{{"running", x.running}};
  auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      out[name] = value;
  };
  add("dataDirectory", x.data_dir);
  add("kubeconfig", x.kubeconfig);
  add("address", x.address);
  add("problem", x.problem);
  if (x.pid != 0)
    out["pid"] = x.pid;
  if (x.since != time_point{})
    out["since"] = text::time_text(x.since);
  if (!x.running)
    return out;
  add("version", x.version);
  add("kubernetesVersion", x.kubernetes);
  if (x.revision)
    out["store"]["revision"] = *x.revision;
  if (x.store_bytes)
    out["store"]["bytes"] = *x.store_bytes;
  out["nodes"] = {{"total", x.nodes},
                  {"ready", x.nodes - x.not_ready.size()},
                  {"notReady", x.not_ready}};
  out["pods"] = x.pods;
  out["components"] = text::document::array();
  for (auto& c : x.components) {
    text::document one{{"name", c.name},
                       {"health", c.health},
                       {"actors", c.actors},
                       {"restarts", c.restarts}};
    if (!c.message.empty())
      one["message"] = c.message;
    out["components"].push_back(one);
  }
  return out;
}

} // namespace troupe::cli
