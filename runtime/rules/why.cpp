#include "runtime/rules/why.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/kinds_of_others.hpp"
#include "runtime/rules/label_match.hpp"
#include "runtime/rules/service_pods.hpp"

namespace troupe::rules {

namespace {

using core::v1::Pod;
using core::v1::Service;

struct row {
  std::string_view group;
  std::string_view kind;
  std::string_view path;
};

/// The components that decide about objects of a kind by their own key.
constexpr row deciders[] = {
    {"", "Pod", "scheduler"},
    {"apps", "ReplicaSet", "controllers/replicaset"},
    {"", "ReplicationController", "controllers/replication"},
    {"apps", "Deployment", "controllers/deployment"},
    {"", "Node", "controllers/node"},
    {"", "Node", "controllers/pod_gc"},
    {"", "Namespace", "controllers/namespace"},
    {"", "Namespace", "controllers/service_account"},
    {"", "Service", "controllers/endpoints"},
    {"", "Service", "controllers/endpointslice"},
    {"", "Service", "proxy/kube_proxy"},
    {"", "Service", "proxy/dns"},
    {"policy", "PodDisruptionBudget", "controllers/disruption"},
};

class collector {
public:
  void ask(std::string path, std::string kind, std::string key,
           std::string about = {}) {
    result.push_back(
        {std::move(path), std::move(kind), std::move(key), std::move(about)});
  }

  void ask_deciders(const object& what, const std::string& about) {
    for (auto& each : deciders)
      if (each.group == what.kind().group && each.kind == what.kind().kind)
        ask(std::string{each.path}, std::string{each.kind}, what.key(), about);
  }

  void ask_about_service(const std::string& key, const std::string& about) {
    for (auto* path : {"controllers/endpoints", "controllers/endpointslice"})
      ask(path, "Service", key, about);
  }

  std::vector<why_question> result;
};

std::string label_of(const object& what) {
  return std::string{what.kind().kind} + " " + what.name();
}

bool selects_pod(const object& service, const object& pod) {
  auto& typed = service.as<Service>();
  return selects_pods(typed)
         && contains(pod.meta().labels(), typed.spec().selector());
}

void ask_about_place(const object& pod, collector& out) {
  auto& node = pod.as<Pod>().spec().node_name();
  if (node.empty())
    return;
  out.ask("kubelet/" + node, "Pod", pod.key());
  for (auto* path : {"controllers/node", "controllers/pod_gc"})
    out.ask(path, "Node", node, "Node " + node);
}

/// Endpoints carry the name of their service, slices its label.
std::string service_of(const object& what) {
  if (what.kind().kind == "Endpoints")
    return what.key();
  auto& labels = what.meta().labels();
  auto found = labels.find("kubernetes.io/service-name");
  return found == labels.end() ? std::string{}
                               : what.ns() + "/" + found->second;
}

} // namespace

std::vector<why_question> questions_about(const object& what,
                                          std::span<const object> owners,
                                          std::span<const object> services) {
  collector out;
  auto& kind = what.kind().kind;
  out.ask_deciders(what, {});
  auto is_pod = &what.kind() == &kind_of<Pod>();
  if (is_pod)
    ask_about_place(what, out);
  if (kind == "ServiceAccount")
    out.ask("controllers/service_account", "Namespace", what.ns(),
            "Namespace " + what.ns());
  if (kind == "Endpoints" || kind == "EndpointSlice")
    if (auto service = service_of(what); !service.empty())
      out.ask_about_service(service, "Service " + service);
  for (auto& owner : owners)
    out.ask_deciders(owner, label_of(owner));
  if (is_pod)
    for (auto& service : services)
      if (selects_pod(service, what))
        out.ask("controllers/endpoints", "Service", service.key(),
                label_of(service));
  out.ask("controllers/garbage_collector", std::string{kind}, what.key());
  return std::move(out.result);
}

std::string nothing_decided(const object& what,
                            std::span<const why_question> asked) {
  auto name = label_of(what);
  if (!what.kind().acted_on && helpers_with(what.kind()) != 0)
    return name
           + " is stored: nothing of ours acts on objects of this kind yet, "
             "only what others bring into this cluster";
  if (!what.kind().acted_on)
    return name
           + " is stored, but nothing in this cluster acts on objects of "
             "this kind yet";
  std::string who;
  for (auto& question : asked)
    if (question.about.empty()
        && question.path
               != "controllers/"
                  "garbage_collector")
      who += (who.empty() ? "" : ", ") + question.path;
  if (who.empty())
    return name
           + " is kept for others to read: no component decides anything "
             "about it";
  return "no component has decided anything about " + name
         + " since it started (asked: " + who + ")";
}

} // namespace troupe::rules
