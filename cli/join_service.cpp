#include "cli/join_service.hpp"

#include "actors/client/command_client.hpp"
#include "cli/resources.hpp"
#include "cli/server_membership.hpp"
#include "cli/server_register.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/random.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/secure_network.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using core::v1::Secret;

/// Servers may have come and gone since this one started.
join::ClusterFacts facts_now(const fs::path& data_dir,
                             join::ClusterFacts facts) {
  auto settings = read_server_settings(data_dir);
  if (!settings || settings->places.size() < 2)
    return facts;
  facts.clear_servers();
  facts.clear_apis();
  for (auto& place : settings->places) {
    facts.add_servers(place.address());
    // Of servers elsewhere only the actors' is known.
    if (place.api_port != 0)
      facts.add_apis(place.host + ":" + std::to_string(place.api_port));
  }
  return facts;
}

/// Why the settings cannot have one more server of that name; "" if they can.
std::string name_problem(const server_settings& settings,
                         const std::string& name,
                         const std::vector<member_address>& members) {
  if (!is_server_name(name))
    return "\"" + name + "\" is no name of a server: server-2, server-3, ...";
  auto* place = settings.find(name);
  auto taken =
      (place != nullptr && !place->elsewhere) || is_taken(name, members);
  return taken ? "the cluster has a server \"" + name
                     + "\" already: choose another name with --name, or remove "
                       "that one first (troupe store member remove "
                     + name + ")"
               : std::string{};
}

/// What a server that joins begins with: from its data directory, all others
/// are elsewhere.
expected<join::ServerFacts> admit(const fs::path& data_dir,
                                  const crypto::credential& authority,
                                  const std::string& wished,
                                  const std::vector<member_address>& members) {
  auto settings = read_server_settings(data_dir);
  if (!settings)
    return make_error(ec::service_unavailable,
                      "the cluster's servers are all in one process: start it "
                      "with --servers 1 or --processes");
  if (settings->places.front().store_port != 0)
    return make_error(ec::conflict,
                      "the components of this cluster's server have processes "
                      "of their own (`up --apart`): it takes no other servers");
  take_members(*settings, members);
  auto name = wished.empty() ? free_server_name(*settings, members) : wished;
  if (auto why = name_problem(*settings, name, members); !why.empty())
    return make_error(ec::conflict, why);
  for (auto& place : settings->places)
    place.elsewhere = true;
  settings->own = name;
  join::ServerFacts result;
  auto tokens = crypto::read_file(data_dir / "pki" / crypto::token_keys_file);
  if (!tokens)
    return make_error(ec::service_unavailable, message_of(tokens.error()));
  result.set_authority_pem(authority.pem() + *tokens);
  result.set_settings(text_of(*settings));
  return result;
}

std::shared_ptr<const signing_authority>
make_authority(const join_service_parts& parts, secure_network& network) {
  auto result = std::make_shared<signing_authority>();
  result->authority = parts.authority;
  result->facts = [folder = parts.data_dir, facts = parts.facts] {
    return facts_now(folder, facts);
  };
  result->admit = [folder = parts.data_dir, authority = parts.authority](
                      const std::string& name,
                      const std::vector<member_address>& members) {
    return admit(folder, authority, name, members);
  };
  result->revoke = [https = parts.https,
                    &network](const std::set<std::string>& serials) {
    if (https)
      https->revoke(serials);
    network.revoke(serials);
  };
  read_tokens(parts.data_dir, *result);
  return result;
}

/// The secret of the token that the machine's user has; "" for none.
std::string known_id(const fs::path& file) {
  auto text = crypto::read_file(file);
  auto token = text ? rules::parse_join_token(*text)
                    : expected<rules::join_token>{text.error()};
  return token ? token->id : std::string{};
}

} // namespace

void read_tokens(const fs::path& data_dir, signing_authority& to) {
  auto pem = crypto::read_file(data_dir / "pki" / crypto::token_keys_file);
  auto keys = pem ? crypto::token_keys::parse(*pem)
                  : expected<crypto::token_keys>{pem.error()};
  if (keys)
    to.tokens = std::make_shared<crypto::token_keys>(std::move(*keys));
  else
    spdlog::error("cannot sign tokens reason={}", message_of(keys.error()));
  auto file = data_dir / known_tokens_file;
  auto text = crypto::read_file(file);
  if (!text && is(text.error(), ec::not_found))
    return;
  auto known = text ? rules::parse_token_file(*text)
                    : expected<rules::known_tokens>{text.error()};
  if (known)
    to.known = std::make_shared<rules::known_tokens>(std::move(*known));
  else
    spdlog::error("cannot read tokens file={} reason={}", file.string(),
                  message_of(known.error()));
}

join::ClusterFacts facts_of(const cluster_config& config,
                            const std::string& authority,
                            const std::string& host, uint16_t port,
                            uint16_t api_port, const std::string& api_service) {
  join::ClusterFacts result;
  result.set_cluster_name(config.cluster_name);
  if (auto hash = crypto::authority_hash(authority))
    result.set_cluster_id(*hash);
  result.add_servers(host + ":" + std::to_string(port));
  result.add_apis(host + ":" + std::to_string(api_port));
  result.set_service_cidr(config.service_cidr);
  result.set_pod_cidr(config.pod_cidr);
  result.set_network_mode(config.pod_namespaces ? "bridge" : "loopback");
  result.set_network_reason(config.network_reason);
  result.set_api_service(api_service);
  result.set_api_address(config.api_address);
  result.set_api_port(config.api_port);
  result.set_lowest_port(config.lowest_port);
  return result;
}

join_service::join_service(caf::actor_system& system, secure_network& network,
                           join_service_parts parts,
                           const cluster_config& config)
    : system_(system),
      parts_(std::move(parts)),
      authority_(make_authority(parts_, network)),
      gate_(system.spawn(join_gate, config.of_servers("apiserver/joining"))) {
  network.serve_joins(join_service_of(system_, gate_));
}

join_service::~join_service() {
  caf::anon_send_exit(gate_, caf::exit_reason::user_shutdown);
}

caf::error join_service::announce(uint16_t port) {
  if (port == 0)
    return caf::none;
  auto opened = net::discovery_responder::open(
      parts_.thread, port, [authority = authority_] {
        auto now = authority->facts();
        return net::found_cluster{now.cluster_id(),
                                  now.cluster_name(),
                                  {now.servers().begin(), now.servers().end()}};
      });
  if (!opened)
    return make_error(ec::internal_error,
                      "others do not find the cluster by themselves: "
                          + message_of(opened.error()));
  responder_ = std::move(*opened);
  return caf::none;
}

caf::error join_service::announce_here() {
  auto facts = authority_->facts();
  return here_.make({parts_.data_dir.string(),
                     facts.cluster_id(),
                     facts.cluster_name(),
                     {facts.servers().begin(), facts.servers().end()}});
}

caf::error give_own_token(command_client& client, const fs::path& data_dir,
                          const std::string& authority) {
  auto file = data_dir / "token";
  auto& kind = kind_of<Secret>();
  std::string ns = rules::bootstrap_token_namespace;
  // What the last start gave away is over.
  if (auto id = known_id(file); !id.empty()) {
    auto gone = client.ask(
        about(call::DELETE, kind, ns, rules::bootstrap_token_name(id)));
    if (!gone && !is(gone.error(), ec::not_found))
      return gone.error();
  }
  rules::bootstrap_token token;
  token.id = crypto::random_word(6);
  token.secret = crypto::random_word(16);
  token.description = "For processes on the machine of `troupe up`";
  token.roles = {rules::join_role::node, rules::join_role::component,
                 rules::join_role::server};
  auto hash = crypto::authority_hash(authority);
  if (!hash)
    return hash.error();
  auto made = client.ask(
      about(call::CREATE, kind, ns, rules::bootstrap_token_name(token.id)),
      object::of(rules::to_secret(token)));
  if (!made)
    return made.error();
  auto written = crypto::write_secret_file(
      file, to_string(rules::join_token{token.id, token.secret, *hash}) + "\n");
  return written ? caf::none : written.error();
}

} // namespace troupe::cli
