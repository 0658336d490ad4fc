#include "runtime/rules/pod_env.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "runtime/rules/pod_downward.hpp"
#include "runtime/rules/pod_state.hpp"
#include "runtime/rules/service_ports.hpp"

#include <cctype>
#include <map>
#include <optional>
#include <unordered_map>

namespace troupe::rules {

namespace {

using core::v1::Container;
using core::v1::Pod;

// Variables in the order they appeared; a later value replaces an earlier.
class variables {
public:
  void set(const std::string& name, std::string value) {
    auto [i, fresh] = index_.try_emplace(name, list_.size());
    if (fresh)
      list_.emplace_back(name, std::move(value));
    else
      list_[i->second].second = std::move(value);
  }

  const std::string* find(const std::string& name) const {
    auto i = index_.find(name);
    return i == index_.end() ? nullptr : &list_[i->second].second;
  }

  env_list take() { return std::move(list_); }

private:
  env_list list_;
  std::unordered_map<std::string, size_t> index_;
};

template <class Find, class Missing>
std::string expand_with(std::string_view text, Find&& find, Missing&& missing) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    auto end = text[i + 1] == '(' ? text.find(')', i + 2) : text.npos;
    if (end == text.npos) {
      out += text[i];
      continue;
    }
    std::string name{text.substr(i + 2, end - i - 2)};
    const std::string* value = find(name);
    out += value ? *value : missing(name);
    i = end;
  }
  return out;
}

std::string as_written(const std::string& name) {
  return "$(" + name + ")";
}

auto finder(const env_list& env) {
  // The last one wins, as for the process itself.
  return [&env](const std::string& name) -> const std::string* {
    for (auto i = env.rbegin(); i != env.rend(); ++i)
      if (i->first == name)
        return &i->second;
    return nullptr;
  };
}

std::map<std::string, std::string> data_of(const core::v1::ConfigMap& map) {
  return {map.data().begin(), map.data().end()};
}

std::map<std::string, std::string> data_of(const core::v1::Secret& secret) {
  return {secret.data().begin(), secret.data().end()};
}

// Fetches an object of `known`, or tells that it is missing. An optional one
// that is missing is nullptr.
template <class T>
expected<const T*> lookup(const std::map<std::string, object>& known,
                          const char* word, const std::string& name,
                          bool optional) {
  auto i = known.find(name);
  if (i != known.end())
    return &i->second.as<T>();
  if (optional)
    return static_cast<const T*>(nullptr);
  return make_error(ec::not_found,
                    std::string{word} + " \"" + name + "\" not found");
}

template <class T, class Source>
caf::error take_all(const std::map<std::string, object>& known,
                    const char* word, const Source& source,
                    const std::string& prefix, variables& to) {
  auto found = lookup<T>(known, word, source.local_object_reference().name(),
                         source.optional());
  if (!found)
    return found.error();
  if (*found == nullptr)
    return caf::none;
  for (auto& [key, value] : data_of(**found))
    to.set(prefix + key, value);
  return caf::none;
}

// nullopt: optional and missing, the variable is not set at all.
template <class T, class Source>
expected<std::optional<std::string>>
take_key(const std::map<std::string, object>& known, const char* word,
         const char* kind, const std::string& ns, const Source& source) {
  const auto& name = source.local_object_reference().name();
  auto found = lookup<T>(known, word, name, source.optional());
  if (!found)
    return found.error();
  if (*found == nullptr)
    return std::optional<std::string>{};
  auto i = (*found)->data().find(source.key());
  if (i != (*found)->data().end())
    return std::optional<std::string>{i->second};
  if (source.optional())
    return std::optional<std::string>{};
  return make_error(ec::not_found, "couldn't find key " + source.key() + " in "
                                       + kind + " " + ns + "/" + name);
}

expected<std::optional<std::string>>
value_from(const Pod& pod, const Container& container,
           const core::v1::EnvVarSource& from, const pod_references& known,
           const core::v1::NodeStatus& node) {
  const auto& ns = pod.metadata().namespace_();
  if (from.has_config_map_key_ref())
    return take_key<core::v1::ConfigMap>(known.config_maps, "configmap",
                                         "ConfigMap", ns,
                                         from.config_map_key_ref());
  if (from.has_secret_key_ref())
    return take_key<core::v1::Secret>(known.secrets, "secret", "Secret", ns,
                                      from.secret_key_ref());
  expected<std::string> value = std::string{};
  if (from.has_field_ref()) {
    value = field_value(pod, from.field_ref().field_path());
  } else if (from.has_resource_field_ref()) {
    const auto& ref = from.resource_field_ref();
    const auto* whose = &container;
    if (!ref.container_name().empty()) {
      auto i = find_container(pod, ref.container_name());
      if (!i)
        return make_error(ec::invalid,
                          "container " + ref.container_name() + " not found");
      whose = &container_at(pod, *i);
    }
    value = resource_value(*whose, ref, node);
  } else {
    return make_error(ec::invalid, "unsupported source of a variable");
  }
  if (!value)
    return value.error();
  return std::optional<std::string>{std::move(*value)};
}

caf::error take_sources(const Container& container, const pod_references& known,
                        variables& to) {
  for (const auto& from : container.env_from()) {
    if (from.has_config_map_ref())
      if (auto err = take_all<core::v1::ConfigMap>(
              known.config_maps, "configmap", from.config_map_ref(),
              from.prefix(), to))
        return err;
    if (from.has_secret_ref())
      if (auto err = take_all<core::v1::Secret>(
              known.secrets, "secret", from.secret_ref(), from.prefix(), to))
        return err;
  }
  return caf::none;
}

std::string variable_name(std::string name) {
  for (auto& c : name)
    c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

void add_service(const core::v1::Service& service, int lowest_port,
                 env_list& to) {
  const auto& ip = service.spec().cluster_ip();
  const auto& ports = service.spec().ports();
  if (ip.empty() || ip == "None" || ports.empty())
    return;
  std::vector<std::string> answers;
  for (const auto& x : answering_ports(service, lowest_port))
    answers.push_back(std::to_string(x.answers != 0 ? x.answers : x.port));
  auto prefix = variable_name(service.metadata().name());
  auto host = ip.find(':') == ip.npos ? ip : "[" + ip + "]";
  to.emplace_back(prefix + "_SERVICE_HOST", ip);
  to.emplace_back(prefix + "_SERVICE_PORT", answers.front());
  for (int i = 0; i < ports.size(); ++i)
    if (!ports[i].name().empty())
      to.emplace_back(prefix + "_SERVICE_PORT_"
                          + variable_name(ports[i].name()),
                      answers[static_cast<size_t>(i)]);
  for (int i = 0; i < ports.size(); ++i) {
    const auto& number = answers[static_cast<size_t>(i)];
    auto protocol = ports[i].protocol().empty() ? "TCP" : ports[i].protocol();
    auto lower = protocol;
    for (auto& c : lower)
      c = static_cast<char>(std::tolower(c));
    auto url = lower + "://" + host + ":" + number;
    if (i == 0)
      to.emplace_back(prefix + "_PORT", url);
    auto stem = prefix + "_PORT_" + std::to_string(ports[i].port()) + "_"
                + variable_name(protocol);
    to.emplace_back(stem, url);
    to.emplace_back(stem + "_PROTO", lower);
    to.emplace_back(stem + "_PORT", number);
    to.emplace_back(stem + "_ADDR", ip);
  }
}

// Kubernetes: default/kubernetes is told of even without service links.
env_list service_env_of(const Pod& pod, const pod_references& known) {
  bool all = !pod.spec().has_enable_service_links()
             || pod.spec().enable_service_links();
  const auto& ns = pod.metadata().namespace_();
  std::vector<object> chosen;
  for (const auto& service : known.services)
    if ((all && service.ns() == ns)
        || (service.ns() == "default" && service.name() == "kubernetes"))
      chosen.push_back(service);
  return service_env(chosen, known.lowest_port);
}

} // namespace

expected<env_list> container_env(const Pod& pod, const Container& container,
                                 const pod_references& known,
                                 const core::v1::NodeStatus& node) {
  variables vars;
  if (auto err = take_sources(container, known, vars))
    return err;
  variables services;
  for (auto& [name, value] : service_env_of(pod, known))
    services.set(name, std::move(value));
  auto find = [&](const std::string& name) {
    const auto* own = vars.find(name);
    return own ? own : services.find(name);
  };
  for (const auto& env : container.env()) {
    if (!env.has_value_from()) {
      vars.set(env.name(), expand_with(env.value(), find, as_written));
      continue;
    }
    auto value = value_from(pod, container, env.value_from(), known, node);
    if (!value)
      return value.error();
    if (*value)
      vars.set(env.name(), std::move(**value));
  }
  for (auto& [name, value] : services.take())
    if (!vars.find(name))
      vars.set(name, std::move(value));
  if (!vars.find("HOSTNAME"))
    vars.set("HOSTNAME", pod_hostname(pod));
  return vars.take();
}

std::string expand(std::string_view text, const env_list& env) {
  return expand_with(text, finder(env), as_written);
}

expected<std::string> expand_strictly(std::string_view text,
                                      const env_list& env) {
  std::string unknown;
  auto out = expand_with(text, finder(env), [&](const std::string& name) {
    if (unknown.empty())
      unknown = name;
    return std::string{};
  });
  if (!unknown.empty())
    return make_error(ec::invalid,
                      "missing value for \"" + unknown + "\" in a path");
  return out;
}

env_list service_env(const std::vector<object>& services, int lowest_port) {
  env_list list;
  for (const auto& service : services)
    add_service(service.as<core::v1::Service>(), lowest_port, list);
  return list;
}

} // namespace troupe::rules
