#include "runtime/rules/authorize.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace troupe::rules {

namespace {

constexpr std::string_view node_prefix = "system:node:";

bool is_read(const std::string& verb) {
  return verb == "get" || verb == "list" || verb == "watch";
}

/// What a node reads and writes to run its pods.
bool node_may(const caller& who, const std::string& verb,
              const std::string& resource, const std::string& ns,
              const std::string& name, const std::string& subresource) {
  auto node = who.user.substr(node_prefix.size());
  if (resource == "nodes")
    return is_read(verb) || verb == "create" || name == node;
  if (resource == "leases")
    return ns == "kube-node-lease"
           && (verb == "create" || name.empty() || name == node);
  if (resource == "pods")
    return is_read(verb) || verb == "delete" || subresource == "status";
  if (resource == "events")
    return verb == "create" || verb == "patch" || verb == "update";
  // To renew its certificate.
  if (resource == "certificatesigningrequests")
    return (is_read(verb) || verb == "create") && subresource.empty();
  constexpr std::array readable{"services",       "endpoints", "endpointslices",
                                "configmaps",     "secrets",   "namespaces",
                                "serviceaccounts"};
  return is_read(verb)
         && std::find(readable.begin(), readable.end(), resource)
                != readable.end();
}

/// A part of the control plane: system:kube-scheduler, system:*-controller.
bool is_component(const std::string& user) {
  constexpr std::string_view prefix = "system:";
  if (user == "system:apiserver")
    return true;
  for (std::string_view end :
       {"-controller", "-garbage-collector", "kube-controller-manager",
        "kube-scheduler", "kube-proxy"})
    if (user.starts_with(prefix) && user.ends_with(end)
        && user.find(':', prefix.size()) == std::string::npos)
      return true;
  return false;
}

} // namespace

bool may_speak_for(const std::string& user, const std::string& other) {
  if (user == "kube-apiserver")
    return is_component(other);
  return user == "system:kube-controller-manager" && is_component(other)
         && other.ends_with("-controller");
}

bool caller::in_group(const std::string& group) const {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

bool may_stand_for_election(const caller& who) {
  return is_component(who.user) && who.user != "system:kube-proxy"
         && who.user != "system:apiserver";
}

std::string refusal(const caller& who, const std::string& verb,
                    const std::string& resource, const std::string& group,
                    const std::string& ns, const std::string& name,
                    const std::string& subresource) {
  if (who.in_group("system:masters"))
    return {};
  if (is_component(who.user))
    return {};
  if (who.user.rfind(node_prefix, 0) == 0 && who.in_group("system:nodes")
      && node_may(who, verb, resource, ns, name, subresource))
    return {};
  auto what = subresource.empty() ? resource : resource + "/" + subresource;
  auto text = resource + (group.empty() ? "" : "." + group);
  if (!name.empty())
    text += " \"" + name + "\"";
  text += " is forbidden: User \"" + who.user + "\" cannot " + verb
          + " resource \"" + what + "\" in API group \"" + group + "\"";
  return text
         + (ns.empty() ? " at the cluster scope"
                       : " in the namespace \"" + ns + "\"");
}

} // namespace troupe::rules
