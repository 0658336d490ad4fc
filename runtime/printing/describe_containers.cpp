#include "messages/api/core_pod.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/text/int_or_string.hpp"
#include "runtime/text/quantity.hpp"

#include <algorithm>
#include <map>

namespace troupe::printing {

namespace {

using core::v1::Container;
using core::v1::ContainerStatus;
using core::v1::Pod;

void describe_ports(description& d, const Container& x) {
  auto list = [&](auto number) {
    return join(x.ports(), ", ", [&](const auto& port) {
      auto text = fmt::format("{}/{}", number(port), port.protocol());
      return port.name().empty() ? text : text + " (" + port.name() + ")";
    });
  };
  auto show = [&](const char* title, const std::string& ports) {
    auto many = ports.find(',') != std::string::npos;
    d.line(2, "{}{}:\t{}", title, many ? "s" : "", or_else(ports, none));
  };
  show("Port", list([](const auto& p) { return p.container_port(); }));
  show("Host Port", list([](const auto& p) { return p.host_port(); }));
}

template <class List>
void describe_words(description& d, const char* title, const List& words) {
  if (words.empty())
    return;
  d.line(2, "{}:", title);
  for (const auto& word : words) {
    size_t from = 0;
    for (;;) {
      auto end = word.find('\n', from);
      d.line(3, "{}", word.substr(from, end - from));
      if (end == std::string::npos)
        break;
      from = end + 1;
    }
  }
}

void describe_state(description& d, const char* title,
                    const core::v1::ContainerState& x) {
  if (x.has_running()) {
    d.line(2, "{}:\tRunning", title);
    d.line(3, "Started:\t{}", date_text(x.running().started_at()));
  } else if (x.has_terminated()) {
    const auto& end = x.terminated();
    d.line(2, "{}:\tTerminated", title);
    if (!end.reason().empty())
      d.line(3, "Reason:\t{}", end.reason());
    if (!end.message().empty())
      d.line(3, "Message:\t{}", end.message());
    d.line(3, "Exit Code:\t{}", end.exit_code());
    if (end.signal() > 0)
      d.line(3, "Signal:\t{}", end.signal());
    d.line(3, "Started:\t{}", date_text(end.started_at()));
    d.line(3, "Finished:\t{}", date_text(end.finished_at()));
  } else {
    d.line(2, "{}:\tWaiting", title);
    if (!x.waiting().reason().empty())
      d.line(3, "Reason:\t{}", x.waiting().reason());
  }
}

void describe_status(description& d, const ContainerStatus& x) {
  describe_state(d, "State", x.state());
  if (x.last_state().has_terminated())
    describe_state(d, "Last State", x.last_state());
  d.line(2, "Ready:\t{}", printed_bool(x.ready()));
  d.line(2, "Restart Count:\t{}", x.restart_count());
}

template <class Map>
void describe_amounts(description& d, const char* title, const Map& amounts) {
  if (amounts.empty())
    return;
  d.line(2, "{}:", title);
  std::map<std::string, std::string> sorted;
  for (const auto& [name, amount] : amounts)
    sorted[name] = text::quantity::of(amount).str();
  for (const auto& [name, amount] : sorted)
    d.line(3, "{}:\t{}", name, amount);
}

std::string probe_text(const core::v1::Probe& x) {
  auto rest = fmt::format(
      "delay={}s timeout={}s period={}s #success={} #failure={}",
      x.initial_delay_seconds(), x.timeout_seconds(), x.period_seconds(),
      x.success_threshold(), x.failure_threshold());
  const auto& how = x.handler();
  if (how.has_exec())
    return fmt::format("exec [{}] {}", join(how.exec().command(), " "), rest);
  if (how.has_http_get()) {
    const auto& get = how.http_get();
    auto scheme = get.scheme() == "HTTPS" ? "https" : "http";
    auto path = get.path();
    if (!path.empty() && path.front() != '/')
      path = "/" + path;
    return fmt::format("http-get {}://{}:{}{} {}", scheme, get.host(),
                       text::int_or_string_text(get.port()), path, rest);
  }
  if (how.has_tcp_socket())
    return fmt::format("tcp-socket {}:{} {}", how.tcp_socket().host(),
                       text::int_or_string_text(how.tcp_socket().port()), rest);
  if (how.has_grpc())
    return fmt::format("grpc <pod>:{} {} {}", how.grpc().port(),
                       how.grpc().service(), rest);
  return "unknown " + rest;
}

void describe_env_from(description& d, const Container& x) {
  if (x.env_from_size() == 0)
    return;
  d.line(2, "Environment Variables from:");
  for (const auto& from : x.env_from()) {
    auto secret = from.has_secret_ref();
    const auto& name =
        secret ? from.secret_ref().local_object_reference().name()
               : from.config_map_ref().local_object_reference().name();
    auto optional = secret ? from.secret_ref().optional()
                           : from.config_map_ref().optional();
    std::string kind = secret ? "Secret" : "ConfigMap";
    if (!from.prefix().empty())
      kind += " with prefix '" + from.prefix() + "'";
    d.line(3, "{}\t{}\tOptional: {}", name, kind, optional);
  }
}

/// The present value of a field reference; empty for a template.
std::string field_value(const object* pod, const std::string& path) {
  if (!pod)
    return {};
  const auto& x = pod->as<Pod>();
  if (path == "metadata.name")
    return x.metadata().name();
  if (path == "metadata.namespace")
    return x.metadata().namespace_();
  if (path == "metadata.uid")
    return x.metadata().uid();
  if (path == "spec.nodeName")
    return x.spec().node_name();
  if (path == "spec.serviceAccountName")
    return x.spec().service_account_name();
  if (path == "status.hostIP")
    return x.status().host_ip();
  if (path == "status.podIP")
    return x.status().pod_ip();
  if (path == "status.podIPs")
    return join(x.status().pod_ips(), ",",
                [](const auto& ip) { return ip.ip(); });
  auto entry_of = [&](const string_map& map) {
    auto from = path.find("['") + 2;
    auto i = map.find(path.substr(from, path.size() - from - 2));
    return i == map.end() ? std::string{} : i->second;
  };
  if (path.rfind("metadata.labels['", 0) == 0)
    return entry_of(x.metadata().labels());
  if (path.rfind("metadata.annotations['", 0) == 0)
    return entry_of(x.metadata().annotations());
  return {};
}

std::string resource_value(const Container& x, const std::string& resource) {
  auto dot = resource.find('.');
  const auto& list = resource.substr(0, dot) == "limits"
                         ? x.resources().limits()
                         : x.resources().requests();
  auto i = list.find(resource.substr(dot + 1));
  return i == list.end() ? std::string{"0"}
                         : text::quantity::of(i->second).str();
}

void describe_variable(description& d, const Container& x,
                       const core::v1::EnvVar& v, const object* pod) {
  const auto& from = v.value_from();
  if (from.has_field_ref()) {
    d.line(3, "{}:\t{} ({}:{})", v.name(),
           field_value(pod, from.field_ref().field_path()),
           or_else(from.field_ref().api_version(), "v1"),
           from.field_ref().field_path());
  } else if (from.has_resource_field_ref()) {
    const auto& resource = from.resource_field_ref().resource();
    d.line(3, "{}:\t{} ({})", v.name(), resource_value(x, resource), resource);
  } else if (from.has_secret_key_ref()) {
    const auto& ref = from.secret_key_ref();
    d.line(3, "{}:\t<set to the key '{}' in secret '{}'>\tOptional: {}",
           v.name(), ref.key(), ref.local_object_reference().name(),
           ref.optional());
  } else if (from.has_config_map_key_ref()) {
    const auto& ref = from.config_map_key_ref();
    d.line(3, "{}:\t<set to the key '{}' of config map '{}'>\tOptional: {}",
           v.name(), ref.key(), ref.local_object_reference().name(),
           ref.optional());
  } else {
    auto lead = v.name() + ":";
    size_t begin = 0;
    for (;;) {
      auto end = v.value().find('\n', begin);
      d.line(3, "{}\t{}", lead, v.value().substr(begin, end - begin));
      if (end == std::string::npos)
        break;
      begin = end + 1;
      lead.clear();
    }
  }
}

void describe_mounts(description& d, const Container& x) {
  d.line(2, "Mounts:{}", x.volume_mounts_size() ? "" : "\t<none>");
  std::vector<core::v1::VolumeMount> mounts(x.volume_mounts().begin(),
                                            x.volume_mounts().end());
  std::stable_sort(mounts.begin(), mounts.end(),
                   [](const auto& a, const auto& b) {
                     return a.mount_path() < b.mount_path();
                   });
  for (const auto& mount : mounts) {
    std::string flags = mount.read_only() ? "ro" : "rw";
    if (!mount.sub_path().empty())
      flags += ",path=\"" + mount.sub_path() + "\"";
    d.line(3, "{} from {} ({})", mount.mount_path(), mount.name(), flags);
  }
  if (x.volume_devices_size() > 0)
    d.line(2, "Devices:");
  for (const auto& device : x.volume_devices())
    d.line(3, "{} from {}", device.device_path(), device.name());
}

void describe_container(description& d, const Container& x,
                        const ContainerStatus* status, const object* pod,
                        const std::string& indent) {
  d.line(1, "{}{}:", indent.empty() ? "" : " ", x.name());
  if (status)
    d.line(2, "Container ID:\t{}", status->container_id());
  d.line(2, "Image:\t{}", x.image());
  if (status)
    d.line(2, "Image ID:\t{}", status->image_id());
  describe_ports(d, x);
  describe_words(d, "Command", x.command());
  describe_words(d, "Args", x.args());
  if (status)
    describe_status(d, *status);
  describe_amounts(d, "Limits", x.resources().limits());
  describe_amounts(d, "Requests", x.resources().requests());
  if (x.has_liveness_probe())
    d.line(2, "Liveness:\t{}", probe_text(x.liveness_probe()));
  if (x.has_readiness_probe())
    d.line(2, "Readiness:\t{}", probe_text(x.readiness_probe()));
  if (x.has_startup_probe())
    d.line(2, "Startup:\t{}", probe_text(x.startup_probe()));
  describe_env_from(d, x);
  d.line(2, "Environment:{}", x.env_size() ? "" : "\t<none>");
  for (const auto& variable : x.env())
    describe_variable(d, x, variable, pod);
  describe_mounts(d, x);
}

template <class Containers, class Statuses>
void describe_list(description& d, const char* title,
                   const Containers& containers, const Statuses* statuses,
                   const object* pod, const std::string& indent) {
  d.line(0, "{}{}:{}", indent, title, containers.empty() ? " <none>" : "");
  for (const auto& x : containers) {
    const ContainerStatus* status = nullptr;
    if (statuses)
      for (const auto& s : *statuses)
        if (s.name() == x.name())
          status = &s;
    describe_container(d, x, status, pod, indent);
  }
}

} // namespace

void describe_containers(description& d, const core::v1::PodSpec& spec,
                         const object* pod, const std::string& indent) {
  const auto* status = pod ? &pod->as<Pod>().status() : nullptr;
  if (spec.init_containers_size() > 0)
    describe_list(d, "Init Containers", spec.init_containers(),
                  status ? &status->init_container_statuses() : nullptr, pod,
                  indent);
  describe_list(d, "Containers", spec.containers(),
                status ? &status->container_statuses() : nullptr, pod, indent);
}

} // namespace troupe::printing
