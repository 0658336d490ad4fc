#include "cli/arguments.hpp"
#include "cli/verbs/create.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cctype>

namespace troupe::cli {

namespace {

struct service_command {
  std::string name;
  std::string type;
  std::vector<std::string> tcp;
  std::string cluster_ip;
  std::string external_name;
  std::string node_port;
  write_options write;
};

expected<text::document> ports_of(const service_command& cmd) {
  auto result = text::document::array();
  for (auto& word : cmd.tcp) {
    auto pair = parse_port_pair(word);
    if (!pair)
      return pair.error();
    text::document port{{"name", pair->name},
                        {"port", pair->port},
                        {"protocol", "TCP"},
                        {"targetPort", pair->target}};
    auto& target = pair->target;
    if (std::isdigit(static_cast<unsigned char>(target.front()))
        && target.find_first_not_of("0123456789") == std::string::npos)
      port["targetPort"] = std::stoi(target);
    if (!cmd.node_port.empty()) {
      auto node_port = parse_port(cmd.node_port, "--node-port");
      if (!node_port)
        return node_port.error();
      port["nodePort"] = *node_port;
    }
    result.push_back(port);
  }
  return result;
}

expected<text::document> service_of(const service_command& cmd) {
  auto headless = cmd.cluster_ip == "None";
  if (cmd.tcp.empty() && cmd.type != "ExternalName" && !headless)
    return make_error(ec::bad_request, "at least one tcp port specifier must "
                                       "be provided with --tcp");
  auto ports = ports_of(cmd);
  if (!ports)
    return ports.error();
  text::document result{{"apiVersion", "v1"}, {"kind", "Service"}};
  result["metadata"] = {{"name", cmd.name}, {"labels", {{"app", cmd.name}}}};
  auto& spec = result["spec"];
  spec["type"] = cmd.type;
  spec["selector"] = {{"app", cmd.name}};
  if (!ports->empty())
    spec["ports"] = *ports;
  if (!cmd.cluster_ip.empty())
    spec["clusterIP"] = cmd.cluster_ip;
  if (!cmd.external_name.empty())
    spec["externalName"] = cmd.external_name;
  return result;
}

void add_type(CLI::App& service, environment& env, const char* word,
              const char* type, const char* help) {
  auto cmd = std::make_shared<service_command>();
  cmd->type = type;
  auto* sub = service.add_subcommand(word, help);
  sub->add_option("NAME", cmd->name, "Its name")->required();
  sub->add_option("--tcp", cmd->tcp, "PORT[:TARGETPORT]; may be repeated")
      ->delimiter(',');
  if (cmd->type == "ClusterIP")
    sub->add_option("--clusterip", cmd->cluster_ip,
                    "Address, or None for a headless service");
  if (cmd->type == "NodePort")
    sub->add_option("--node-port", cmd->node_port, "Port on every node");
  if (cmd->type == "ExternalName")
    sub->add_option("--external-name", cmd->external_name, "Where it points")
        ->required();
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] {
    if (auto wish = service_of(*cmd))
      create_object(*wish, cmd->write, env);
    else
      env.misuse(message_of(wish.error()));
  });
}

} // namespace

void add_create_service(CLI::App& create, environment& env) {
  auto* sub = create.add_subcommand("service", "A service");
  sub->alias("svc");
  sub->require_subcommand(1);
  add_type(*sub, env, "clusterip", "ClusterIP", "Within the cluster");
  add_type(*sub, env, "nodeport", "NodePort", "On a port of every node");
  add_type(*sub, env, "loadbalancer", "LoadBalancer", "At an address outside");
  add_type(*sub, env, "externalname", "ExternalName",
           "Another name for a host");
}

} // namespace troupe::cli
