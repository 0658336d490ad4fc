#include "cli/server_joining.hpp"

#include "cli/admin_access.hpp"
#include "cli/server_membership.hpp"
#include "cli/server_register.hpp"
#include "messages/store.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"
#include "runtime/net/joined_node.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/rules/actor_paths.hpp"
#include "runtime/system/context.hpp"

#include <algorithm>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using teller = std::function<void(const std::string&)>;

/// Where a server answers that is alone on its machine.
constexpr uint16_t usual_port = 6444;
constexpr uint16_t usual_api_port = 6443;

server_place& own_place(server_settings& settings) {
  return const_cast<server_place&>(*settings.find(settings.own));
}

bool is_loopback(const std::string& host) {
  return host.rfind("127.", 0) == 0;
}

/// The address of this machine under which the others reach it.
expected<std::string> choose_host(const server_options& options,
                                  const server_settings& settings) {
  auto others = std::find_if(settings.places.begin(), settings.places.end(),
                             [](auto& each) { return each.elsewhere; });
  if (others == settings.places.end())
    return make_error(ec::internal_error, "the cluster tells of no server");
  auto host = options.host;
  if (host.empty()) {
    auto there = net::parse_endpoint(others->address());
    auto own = there ? net::address_towards(*there)
                     : expected<net::ipv4>{there.error()};
    if (!own)
      return own.error();
    host = to_string(*own);
  }
  auto address = net::parse_ipv4(host);
  if (!address || address->value == 0
      || !net::open_listener(net::protocol::tcp, {*address, 0},
                             net::sharing::no))
    return make_error(ec::bad_request, "--bind-address: " + host
                                           + " is no address of this machine");
  for (auto& each : settings.places)
    if (each.elsewhere && is_loopback(each.host) != is_loopback(host))
      return make_error(ec::conflict,
                        each.name + " answers at " + each.host
                            + ", and this server at " + host
                            + ": they cannot reach each other. Start `troupe "
                              "up` with --bind-address, and an address that "
                              "others reach");
  return host;
}

/// The usual port where nothing is said and it is free, else any.
expected<uint16_t> choose_port(const std::optional<uint16_t>& wished,
                               uint16_t usual, const server_place& own,
                               const server_settings& settings) {
  if (wished.value_or(0) != 0)
    return *wished;
  auto address = net::parse_ipv4(own.host);
  auto taken =
      std::any_of(settings.places.begin(), settings.places.end(), [&](auto& x) {
        return x.host == own.host && (x.port == usual || x.api_port == usual);
      });
  if (!wished && !taken
      && net::open_listener(net::protocol::tcp, {*address, usual},
                            net::sharing::no))
    return usual;
  return free_port(settings.places);
}

/// Says where this server will answer.
caf::error settle_place(const server_options& options,
                        server_settings& settings) {
  auto host = choose_host(options, settings);
  if (!host)
    return host.error();
  if (settings.find(settings.own) == nullptr) {
    settings.places.emplace_back();
    settings.places.back().name = settings.own;
  }
  auto& own = own_place(settings);
  own.host = *host;
  own.founder = false;
  own.elsewhere = false;
  own.member = 0;
  own.port = own.api_port = 0;
  auto port = choose_port(options.port, usual_port, own, settings);
  if (!port)
    return port.error();
  own.port = *port;
  auto api_port = choose_port(options.api_port, usual_api_port, own, settings);
  if (!api_port)
    return api_port.error();
  own.api_port = *api_port;
  return caf::none;
}

/// The administrator's way in on this machine.
caf::error write_access(const fs::path& data_dir, server_settings& settings,
                        const crypto::cluster_keys& keys) {
  auto& own = own_place(settings);
  auto done = write_admin_kubeconfig(
      data_dir / "kubeconfig", keys,
      own.host + ":" + std::to_string(own.api_port), settings.addresses());
  return done ? caf::none : done.error();
}

/// The group by way of one of the other servers.
group_access access_to(command_client& client) {
  return {
      [&client]() -> expected<std::vector<member_address>> {
        auto known = members_of(client);
        if (!known)
          return known.error();
        std::vector<member_address> result;
        for (auto& each : *known)
          result.push_back({each.id(), each.address()});
        return result;
      },
      [&client](const server_place& own) { return add_member(client, own); }};
}

/// Goes on from wherever it was broken off: the place is kept before anybody
/// hears of it, and the member's number before its store begins.
expected<server_role> join_group(const server_options& options,
                                 server_settings settings, const teller& tell) {
  auto& data_dir = options.data_dir;
  if (auto kept = write_server_settings(data_dir, settings); !kept)
    return kept.error();
  auto keys = open_server_keys(data_dir, settings);
  if (!keys)
    return keys.error();
  if (auto err = write_access(data_dir, settings, *keys))
    return err;
  auto client = connect_to_others(data_dir, settings);
  if (!client)
    return client.error();
  auto member = enlist(access_to(**client), data_dir, settings);
  if (!member)
    return member.error();
  auto& own = own_place(settings);
  own.member = *member;
  settings.any_name = false;
  if (auto kept = keep_server_settings(data_dir, settings); !kept)
    return kept.error();
  tell("Member " + std::to_string(*member) + " of the store: " + own.name
       + " at " + own.address());
  return server_role{own.name, *member};
}

expected<server_role> join(const server_options& options, const teller& tell) {
  auto how = options.joining;
  how.data_dir = options.data_dir;
  how.role = rules::join_role::server;
  how.name = options.name;
  if (auto access = join_cluster(how, tell); !access)
    return access.error();
  auto settings = read_server_settings(options.data_dir);
  if (!settings)
    return settings.error();
  if (auto err = settle_place(options, *settings))
    return err;
  settings->any_name = options.name.empty();
  return join_group(options, std::move(*settings), tell);
}

/// An error if the cluster says that this one was removed. Where nobody says
/// anything, its store knows more.
caf::error check_member(const fs::path& data_dir, server_settings& settings) {
  auto& own = own_place(settings);
  auto client = connect_to_others(data_dir, settings);
  if (!client)
    return caf::none;
  auto members = members_of(**client);
  if (!members || members->empty()
      || std::any_of(members->begin(), members->end(),
                     [&](auto& x) { return x.id() == own.member; }))
    return caf::none;
  return make_error(ec::conflict,
                    own.name + ", member " + std::to_string(own.member)
                        + " of the store, was removed from the cluster: to "
                          "join anew, remove "
                        + data_dir.string() + " or name another --data-dir");
}

expected<server_role> come_back(const server_options& options,
                                server_settings settings, const teller& tell) {
  auto named = options.data_dir.string() + " is of " + settings.own;
  if (!options.name.empty() && options.name != settings.own)
    return make_error(ec::conflict, named + ": name another --data-dir");
  // That one, and no other.
  if (!options.name.empty())
    settings.any_name = false;
  auto* own = settings.find(settings.own);
  if (own == nullptr || own->port == 0)
    return join(options, tell);
  if (own->member == 0)
    return join_group(options, std::move(settings), tell);
  if (auto err = check_member(options.data_dir, settings))
    return err;
  return server_role{settings.own, 0};
}

} // namespace

expected<uint64_t> enlist(const group_access& group, const fs::path& data_dir,
                          server_settings& settings) {
  for (;;) {
    auto members = group.members();
    if (!members)
      return members.error();
    auto& own = own_place(settings);
    auto is_own = [&](auto& x) { return x.address == address_in_group(own); };
    auto known = std::find_if(members->begin(), members->end(), is_own);
    // It was added, and this process broken off before it knew.
    if (known != members->end())
      return known->id;
    if (settings.any_name && is_taken(own.name, *members)) {
      own.name = free_server_name(settings, *members);
      settings.own = own.name;
      if (auto kept = write_server_settings(data_dir, settings); !kept)
        return kept.error();
    }
    auto added = group.add(own);
    if (added || !settings.any_name || !is(added.error(), ec::already_exists))
      return added;
  }
}

expected<std::unique_ptr<command_client>>
connect_to_others(const fs::path& data_dir, const server_settings& settings) {
  auto config = crypto::read_kubeconfig(data_dir / "kubeconfig");
  if (!config)
    return config.error();
  auto access = crypto::choose(*config, {});
  if (!access)
    return access.error();
  std::vector<server_place> others;
  for (auto& each : settings.places)
    if (each.name != settings.own)
      others.push_back(each);
  access->cluster.actors = addresses_of(others);
  return command_client::connect(*access);
}

expected<server_role> become_server(const server_options& options,
                                    const teller& tell) {
  auto settings = read_server_settings(options.data_dir);
  if (settings && !settings->own.empty())
    return come_back(options, std::move(*settings), tell);
  auto of_up = fs::exists(options.data_dir / "cluster.json");
  if (settings && options.joining.servers.empty() && !options.name.empty())
    return server_role{options.name, 0};
  if (settings || of_up)
    return make_error(ec::conflict,
                      options.data_dir.string()
                          + " is of a cluster that `troupe up` made: name one "
                            "of its servers with --name, or another --data-dir "
                            "to join with");
  if (!is(settings.error(), ec::not_found))
    return settings.error();
  return join(options, tell);
}

} // namespace troupe::cli
