#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

namespace troupe::cli {

namespace {

struct expose_command {
  std::vector<std::string> words;
  target_options targets;
  write_options write;
  std::string name;
  std::string port;
  std::string target_port;
  std::string protocol;
  std::string type;
  std::string selector;
  std::string labels;
  std::string cluster_ip;
  std::string affinity;
  std::vector<std::string> external_ips;
};

text::document at(const text::document& x, const char* pointer) {
  return x.value(text::document::json_pointer{pointer}, text::document{});
}

/// Returns the labels by which a service finds the pods of an object.
expected<text::document> selector_of(const text::document& x) {
  auto kind = x.value("kind", "");
  text::document found;
  if (kind == "Pod")
    found = at(x, "/metadata/labels");
  else if (kind == "Service" || kind == "ReplicationController")
    found = at(x, "/spec/selector");
  else if (at(x, "/spec/selector/matchExpressions").is_null())
    found = at(x, "/spec/selector/matchLabels");
  else
    return make_error(ec::bad_request,
                      "couldn't convert expressions of the selector; give one "
                      "with --selector");
  if (!found.is_object() || found.empty())
    return make_error(ec::bad_request,
                      "couldn't retrieve selectors via --selector flag or "
                      "introspection: the "
                          + kind + " has no labels and cannot be exposed");
  return found;
}

text::document target_of(const std::string& word) {
  if (auto number = parse_port(word, "target port"))
    return *number;
  return word;
}

/// Returns the service's ports: --port, else those that the object declares.
expected<text::document> ports_of(const expose_command& cmd,
                                  const text::document& x) {
  auto declared = text::document::array();
  auto kind = x.value("kind", "");
  if (kind == "Service") {
    for (auto& port : x["spec"].value("ports", text::document::array()))
      declared.push_back({{"port", port["port"]},
                          {"protocol", port.value("protocol", "TCP")}});
  } else {
    auto containers = at(x, kind == "Pod" ? "/spec/containers"
                                          : "/spec/template/spec/containers");
    for (auto& c : containers)
      for (auto& port : c.value("ports", text::document::array()))
        declared.push_back({{"port", port["containerPort"]},
                            {"protocol", port.value("protocol", "TCP")}});
  }
  if (!cmd.port.empty()) {
    auto port = parse_port(cmd.port, "--port");
    if (!port)
      return port.error();
    auto protocol = std::string{"TCP"};
    for (auto& each : declared)
      if (each["port"] == *port)
        protocol = each["protocol"].get<std::string>();
    declared = text::document::array(
        {text::document{{"port", *port}, {"protocol", protocol}}});
  }
  if (declared.empty())
    return make_error(ec::bad_request, "couldn't find port via --port flag or "
                                       "introspection");
  int count = 0;
  for (auto& port : declared) {
    port["targetPort"] =
        cmd.target_port.empty() ? port["port"] : target_of(cmd.target_port);
    if (!cmd.protocol.empty())
      port["protocol"] = cmd.protocol;
    if (declared.size() > 1)
      port["name"] = "port-" + std::to_string(++count);
  }
  return declared;
}

expected<text::document> service_of(const expose_command& cmd,
                                    const target& what,
                                    const text::document& x) {
  static constexpr std::string_view exposable[] = {"Pod",
                                                   "Service",
                                                   "Deployment",
                                                   "ReplicaSet",
                                                   "ReplicationController",
                                                   "StatefulSet"};
  if (std::find(std::begin(exposable), std::end(exposable), what.kind->kind)
      == std::end(exposable))
    return make_error(ec::bad_request,
                      "cannot expose a " + std::string{what.kind->kind});
  auto ports = ports_of(cmd, x);
  if (!ports)
    return ports.error();
  expected<text::document> selector = text::document{};
  if (cmd.selector.empty()) {
    selector = selector_of(x);
  } else if (auto given = parse_labels(cmd.selector)) {
    selector = text::document(*given);
  } else {
    return given.error();
  }
  if (!selector)
    return selector.error();
  text::document result{{"apiVersion", "v1"}, {"kind", "Service"}};
  result["metadata"] = {{"name", cmd.name.empty() ? what.name : cmd.name},
                        {"namespace", what.ns}};
  auto labels = at(x, "/metadata/labels");
  if (!cmd.labels.empty()) {
    auto given = parse_labels(cmd.labels);
    if (!given)
      return given.error();
    labels = *given;
  }
  if (labels.is_object() && !labels.empty())
    result["metadata"]["labels"] = labels;
  auto& spec = result["spec"];
  spec["ports"] = *ports;
  spec["selector"] = *selector;
  if (!cmd.type.empty())
    spec["type"] = cmd.type;
  if (!cmd.cluster_ip.empty())
    spec["clusterIP"] = cmd.cluster_ip;
  if (!cmd.affinity.empty())
    spec["sessionAffinity"] = cmd.affinity;
  if (!cmd.external_ips.empty())
    spec["externalIPs"] = cmd.external_ips;
  return result;
}

void run_expose(const expose_command& cmd, environment& env) {
  for (auto& each : find_targets(cmd.words, cmd.targets, env)) {
    auto live =
        env.client()->ask(about(call::GET, *each.kind, each.ns, each.name));
    if (!live) {
      env.refused(live.error());
      continue;
    }
    auto service = service_of(cmd, each, text::to_document(live->one()));
    if (service)
      create_object(*service, cmd.write, env, "exposed");
    else
      env.fail(service.error());
  }
}

} // namespace

void add_expose(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<expose_command>();
  auto* sub = app.add_subcommand("expose", "Make a service for an object");
  sub->add_option("WHAT", cmd->words, "KIND NAME, or KIND/NAME");
  sub->add_option("--name", cmd->name, "Name of the service");
  sub->add_option("--port", cmd->port, "Port of the service");
  sub->add_option("--target-port", cmd->target_port,
                  "Number or name of the container's port");
  sub->add_option("--protocol", cmd->protocol, "Protocol")
      ->check(CLI::IsMember({"TCP", "UDP", "SCTP"}));
  sub->add_option("--type", cmd->type, "Type of the service")
      ->check(CLI::IsMember(
          {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}));
  sub->add_option("--selector", cmd->selector, "Labels of the pods");
  sub->add_option("--labels", cmd->labels, "Labels of the service");
  sub->add_option("--cluster-ip", cmd->cluster_ip, "Its address, or None");
  sub->add_option("--session-affinity", cmd->affinity, "Who goes where")
      ->check(CLI::IsMember({"None", "ClientIP"}));
  sub->add_option("--external-ip", cmd->external_ips, "More addresses")
      ->delimiter(',');
  sub->add_option("-f,--filename", cmd->targets.files, "Files, folders, or -");
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] { run_expose(*cmd, env); });
}

} // namespace troupe::cli
