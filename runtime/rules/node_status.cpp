#include "runtime/rules/node_status.hpp"

#include "messages/api/core_node.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/quantities.hpp"
#include "runtime/text/quantity.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace troupe::rules {

namespace {

using core::v1::Node;
using core::v1::NodeCondition;
using core::v1::NodeStatus;
using text::quantity;

const std::string& hostname_of(const machine& m) {
  return m.hostname.empty() ? m.name : m.hostname;
}

std::map<std::string, std::string> labels_of(const machine& m) {
  auto labels = m.labels;
  labels["kubernetes.io/hostname"] = hostname_of(m);
  labels["kubernetes.io/os"] = "linux";
  labels["kubernetes.io/arch"] = m.architecture;
  labels["beta.kubernetes.io/os"] = "linux";
  labels["beta.kubernetes.io/arch"] = m.architecture;
  return labels;
}

class status_writer {
public:
  status_writer(const NodeStatus& old, const machine& m,
                const machine_health& health, time_point now)
      : old_(old), m_(m), health_(health), now_(now), out_(old) {}

  NodeStatus run() {
    write_resources();
    write_addresses();
    write_info();
    write_conditions();
    if (!canonical_equal(out_, old_))
      for (auto& condition : *out_.mutable_conditions())
        if (is_own(condition.type()))
          *condition.mutable_last_heartbeat_time() = to_time(now_);
    return std::move(out_);
  }

private:
  void write_resources() {
    auto& capacity = *out_.mutable_capacity();
    auto& allocatable = *out_.mutable_allocatable();
    allocatable.clear();
    // Kubernetes: what others gave the node beyond what it knows stays.
    std::vector<std::string> own;
    for (const auto& [name, amount] : capacity)
      if (!extended_resource(name))
        own.push_back(name);
    for (const auto& name : own)
      capacity.erase(name);
    auto set = [](auto& map, const char* name, const quantity& amount) {
      map[name] = amount.message();
    };
    auto bytes = [](int64_t n) {
      return quantity::of(n, quantity::family::binary);
    };
    set(capacity, "cpu", quantity::of_milli(m_.cpu_milli));
    set(capacity, "memory", bytes(m_.memory_bytes));
    set(capacity, "ephemeral-storage", bytes(m_.storage_bytes));
    set(capacity, "pods", quantity::of(m_.pods));
    for (const auto& [name, amount] : m_.extended)
      if (auto parsed = quantity::parse(amount))
        capacity[name] = parsed->message();
    for (const auto& [name, amount] : capacity)
      allocatable[name] = amount;
    set(allocatable, "cpu",
        quantity::of_milli(
            std::max<int64_t>(0, m_.cpu_milli - m_.reserved_cpu_milli)));
    set(allocatable, "memory",
        bytes(
            std::max<int64_t>(0, m_.memory_bytes - m_.reserved_memory_bytes)));
  }

  void write_addresses() {
    out_.clear_addresses();
    auto add = [this](const char* type, const std::string& address) {
      auto* to = out_.add_addresses();
      to->set_type(type);
      to->set_address(address);
    };
    for (const auto& address : m_.addresses)
      add("InternalIP", address);
    add("Hostname", hostname_of(m_));
  }

  void write_info() {
    auto* info = out_.mutable_node_info();
    info->set_machine_id(m_.machine_id);
    info->set_system_uuid(m_.system_uuid);
    info->set_boot_id(m_.boot_id);
    info->set_kernel_version(m_.kernel);
    info->set_os_image(m_.os_image);
    info->set_container_runtime_version(health_.runtime + "://"
                                        + health_.runtime_version);
    info->set_kubelet_version(m_.version);
    info->set_operating_system("linux");
    info->set_architecture(m_.architecture);
  }

  bool is_own(const std::string& type) const {
    return type == "Ready" || type == "MemoryPressure" || type == "DiskPressure"
           || type == "PIDPressure"
           || std::any_of(health_.remarks.begin(), health_.remarks.end(),
                          [&](const auto& r) { return r.type == type; });
  }

  void write_conditions() {
    pressure("MemoryPressure", health_.memory_pressure,
             "KubeletHasInsufficientMemory", "KubeletHasSufficientMemory",
             "kubelet has insufficient memory available",
             "kubelet has sufficient memory available");
    pressure("DiskPressure", health_.disk_pressure, "KubeletHasDiskPressure",
             "KubeletHasNoDiskPressure", "kubelet has disk pressure",
             "kubelet has no disk pressure");
    pressure("PIDPressure", health_.pid_pressure, "KubeletHasInsufficientPID",
             "KubeletHasSufficientPID",
             "kubelet has insufficient PID available",
             "kubelet has sufficient PID available");
    bool ready = health_.runtime_ready;
    auto message =
        ready ? "kubelet is posting ready status"
              : "container runtime is down: " + health_.runtime_message;
    if (ready && !health_.runtime_message.empty())
      message += "; " + health_.runtime_message;
    condition("Ready", ready, ready ? "KubeletReady" : "KubeletNotReady",
              message);
    for (const auto& remark : health_.remarks)
      condition(remark.type, remark.value, "KubeletSays", remark.message);
  }

  void pressure(const char* type, bool value, const char* bad, const char* good,
                const char* bad_text, const char* good_text) {
    condition(type, value, value ? bad : good, value ? bad_text : good_text);
  }

  void condition(const std::string& type, bool value, const std::string& reason,
                 const std::string& message) {
    NodeCondition* to = nullptr;
    for (auto& known : *out_.mutable_conditions())
      if (known.type() == type)
        to = &known;
    if (to == nullptr) {
      to = out_.add_conditions();
      to->set_type(type);
    }
    const char* status = value ? "True" : "False";
    if (to->status() != status) {
      to->set_status(status);
      *to->mutable_last_transition_time() = to_time(now_);
    }
    to->set_reason(reason);
    to->set_message(message);
  }

  const NodeStatus& old_;
  const machine& m_;
  const machine_health& health_;
  time_point now_;
  NodeStatus out_;
};

} // namespace

Node new_node(const machine& m) {
  Node node;
  node.mutable_metadata()->set_name(m.name);
  take_over(m, node);
  return node;
}

namespace {

/// An annotation with no value is not there. Returns whether that changed it.
bool set_note(Node& node, const char* key, const std::string& value) {
  auto& notes = *node.mutable_metadata()->mutable_annotations();
  auto known = notes.find(key);
  if (value.empty() ? known == notes.end()
                    : known != notes.end() && known->second == value)
    return false;
  if (value.empty())
    notes.erase(known);
  else
    notes[key] = value;
  return true;
}

} // namespace

bool take_over(const machine& m, Node& node) {
  bool changed = false;
  auto& labels = *node.mutable_metadata()->mutable_labels();
  for (const auto& [key, value] : labels_of(m)) {
    auto i = labels.find(key);
    if (i != labels.end() && i->second == value)
      continue;
    labels[key] = value;
    changed = true;
  }
  auto lowest = m.lowest_port > 0 ? std::to_string(m.lowest_port) : "";
  changed = set_note(node, lowest_port_key, lowest) || changed;
  return set_note(node, network_key, m.network) || changed;
}

NodeStatus node_status(const NodeStatus& old, const machine& m,
                       const machine_health& health, time_point now) {
  return status_writer{old, m, health, now}.run();
}

} // namespace troupe::rules
