#include "runtime/rules/node_taints.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/node_plan.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace troupe::rules {

namespace {

using core::v1::Node;
using core::v1::Taint;
using taint_id = std::pair<std::string, std::string>; // key and effect

constexpr auto not_ready = "node.kubernetes.io/not-ready";
constexpr auto unreachable = "node.kubernetes.io/unreachable";

// All taints that are ours to set and to remove.
const std::set<taint_id>& ours() {
  static const std::set<taint_id> all{
      {not_ready, "NoSchedule"},
      {not_ready, "NoExecute"},
      {unreachable, "NoSchedule"},
      {unreachable, "NoExecute"},
      {"node.kubernetes.io/memory-pressure", "NoSchedule"},
      {"node.kubernetes.io/disk-pressure", "NoSchedule"},
      {"node.kubernetes.io/pid-pressure", "NoSchedule"},
      {"node.kubernetes.io/network-unavailable", "NoSchedule"},
      {"node.kubernetes.io/unschedulable", "NoSchedule"},
  };
  return all;
}

std::set<taint_id> wished(const Node& node, bool spare) {
  std::set<taint_id> result;
  const auto& list = node.status().conditions();
  auto status = [&](const char* type) {
    const auto* found = find_condition(list, type);
    return found ? found->status() : std::string{};
  };
  auto ready = status("Ready");
  if (ready != "True") {
    const auto* key = ready == "Unknown" ? unreachable : not_ready;
    result.insert({key, "NoSchedule"});
    // A node that never told is young: nothing runs there that could be
    // evicted but what was placed there by hand.
    if (!spare && !ready.empty())
      result.insert({key, "NoExecute"});
  }
  if (status("MemoryPressure") == "True")
    result.insert({"node.kubernetes.io/memory-pressure", "NoSchedule"});
  if (status("DiskPressure") == "True")
    result.insert({"node.kubernetes.io/disk-pressure", "NoSchedule"});
  if (status("PIDPressure") == "True")
    result.insert({"node.kubernetes.io/pid-pressure", "NoSchedule"});
  if (status("NetworkUnavailable") == "True")
    result.insert({"node.kubernetes.io/network-unavailable", "NoSchedule"});
  if (node.spec().unschedulable())
    result.insert({"node.kubernetes.io/unschedulable", "NoSchedule"});
  return result;
}

bool is_number_compared(const core::v1::Toleration& toleration,
                        const Taint& taint) {
  auto number = [](const std::string& text, int64_t& value) {
    auto [end, err] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    return err == std::errc{} && end == text.data() + text.size();
  };
  int64_t limit = 0;
  int64_t value = 0;
  if (!number(toleration.value(), limit) || !number(taint.value(), value))
    return false;
  return toleration.operator_() == "Lt" ? value < limit : value > limit;
}

} // namespace

bool set_taints(Node& node, bool spare, time_point now) {
  auto missing = wished(node, spare);
  auto* taints = node.mutable_spec()->mutable_taints();
  auto kept =
      std::remove_if(taints->begin(), taints->end(), [&](const Taint& taint) {
        taint_id id{taint.key(), taint.effect()};
        return missing.erase(id) == 0 && ours().count(id) != 0;
      });
  auto changed = kept != taints->end() || !missing.empty();
  taints->erase(kept, taints->end());
  for (const auto& [key, effect] : missing) {
    auto* taint = taints->Add();
    taint->set_key(key);
    taint->set_effect(effect);
    *taint->mutable_time_added() = to_time(now);
  }
  return changed;
}

bool tolerates(const core::v1::Toleration& toleration, const Taint& taint) {
  if (!toleration.effect().empty() && toleration.effect() != taint.effect())
    return false;
  if (!toleration.key().empty() && toleration.key() != taint.key())
    return false;
  const auto& op = toleration.operator_();
  if (op == "Exists")
    return true;
  if (toleration.key().empty())
    return false;
  if (op == "Lt" || op == "Gt")
    return is_number_compared(toleration, taint);
  return toleration.value() == taint.value();
}

void note_taints(const Node& node, node_witness& witness, const instant& now) {
  std::map<std::string, steady_point> present;
  for (const auto& taint : node.spec().taints()) {
    if (taint.effect() != "NoExecute")
      continue;
    auto known = witness.tainted.find(taint.key());
    if (known != witness.tainted.end())
      present.insert(*known);
    else if (!taint.has_time_added())
      present[taint.key()] = now.steady;
    else
      present[taint.key()] =
          std::min(now.steady, now.steady_at(from_time(taint.time_added())));
  }
  witness.tainted = std::move(present);
}

std::optional<steady_point> eviction_of(const Node& node,
                                        const core::v1::Pod& pod,
                                        const node_witness& witness,
                                        steady_point now) {
  std::optional<steady_point> result;
  for (const auto& taint : node.spec().taints()) {
    if (taint.effect() != "NoExecute")
      continue;
    const auto& list = pod.spec().tolerations();
    auto found = std::find_if(list.begin(), list.end(), [&](const auto& each) {
      return tolerates(each, taint);
    });
    if (found == list.end())
      return steady_point{};
    if (!found->has_toleration_seconds())
      continue;
    auto wait =
        std::chrono::seconds{std::max<int64_t>(0, found->toleration_seconds())};
    auto since = witness.tainted.find(taint.key());
    auto from = since == witness.tainted.end() ? now : since->second;
    auto when = wait.count() == 0 ? steady_point{} : from + wait;
    if (!result || when < *result)
      result = when;
  }
  return result;
}

} // namespace troupe::rules
