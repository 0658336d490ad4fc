#include "cli/joining.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/net/host_names.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe::cli {

namespace {

constexpr auto how_to_get_a_token =
    "a token is needed: make one with `troupe token create` and give it in the "
    "variable TROUPE_TOKEN or in a file (--token-file)";

/// A cluster to choose from.
struct candidate {
  net::found_cluster cluster;
  const running_cluster* local = nullptr; ///< if it runs on this machine
};

std::vector<candidate> candidates_of(const std::vector<running_cluster>& local,
                                     const std::vector<net::found_cluster>& all,
                                     const std::string& id) {
  std::vector<net::found_cluster> found;
  for (auto& each : local)
    net::note(found, {each.id, each.name, each.servers});
  for (auto& each : all)
    net::note(found, each);
  std::vector<candidate> result;
  for (auto& each : found) {
    if (!id.empty() && each.id != id)
      continue;
    auto here = std::find_if(local.begin(), local.end(),
                             [&](auto& x) { return x.id == each.id; });
    result.push_back({each, here == local.end() ? nullptr : &*here});
  }
  return result;
}

std::string listed(const std::vector<candidate>& all) {
  std::string result;
  for (auto& each : all) {
    result += "\n  " + each.cluster.name + " (" + each.cluster.id + "):";
    for (auto& server : each.cluster.servers)
      result += " " + server;
    if (each.local != nullptr)
      result += ", in " + each.local->data_dir;
  }
  return result;
}

caf::error nobody(const std::optional<rules::join_token>& token) {
  return make_error(
      ec::not_found,
      std::string{token ? "the cluster that the token is of was not found"
                        : "no cluster was found"}
          + " on this machine or its network: start one with `troupe up`, or "
            "name a server with --join HOST:PORT");
}

/// The token of the cluster on this machine that has one of these servers.
std::optional<rules::join_token>
token_beside(const std::vector<std::string>& servers,
             const std::vector<running_cluster>& local,
             const std::function<std::optional<rules::join_token>(
                 const running_cluster&)>& token_of) {
  for (auto& each : local)
    for (auto& server : servers)
      if (std::find(each.servers.begin(), each.servers.end(), server)
          != each.servers.end())
        return token_of(each);
  return std::nullopt;
}

expected<rules::join_token> read_token(const std::filesystem::path& file) {
  auto text = crypto::read_file(file);
  if (!text)
    return text.error();
  auto token = rules::parse_join_token(*text);
  if (!token)
    return make_error(ec::bad_request,
                      file.string() + ": " + message_of(token.error()));
  return token;
}

/// What the user gave; nothing at all is no error.
expected<std::optional<rules::join_token>>
given_token(const join_options& options) {
  using maybe = std::optional<rules::join_token>;
  if (!options.token_file.empty()) {
    auto found = read_token(options.token_file);
    return found ? expected<maybe>{std::move(*found)}
                 : expected<maybe>{found.error()};
  }
  auto* text = std::getenv("TROUPE_TOKEN");
  if (text == nullptr || *text == '\0')
    return maybe{};
  auto found = rules::parse_join_token(text);
  if (!found)
    return make_error(ec::bad_request,
                      "TROUPE_TOKEN: " + message_of(found.error()));
  return maybe{std::move(*found)};
}

/// HOST:PORT, with the first IPv4 address of the host.
expected<std::string> with_address(const std::string& given) {
  if (net::parse_endpoint(given))
    return given;
  auto colon = std::min(given.rfind(':'), given.size());
  auto host = given.substr(0, colon);
  auto port = net::parse_endpoint("0.0.0.0" + given.substr(colon));
  if (!port || host.empty() || host.find(':') != std::string::npos)
    return make_error(ec::bad_request, "--join: \"" + given
                                           + "\" is no ADDRESS:PORT and no "
                                             "HOST:PORT");
  auto address = net::find_ipv4(host);
  if (!address)
    return make_error(ec::not_found, "--join: " + message_of(address.error()));
  return to_string(net::endpoint{*address, port->port});
}

} // namespace

expected<join_way>
choose_way(const std::vector<std::string>& servers,
           const std::optional<rules::join_token>& token,
           const std::vector<running_cluster>& local,
           const std::vector<net::found_cluster>& heard,
           const std::function<std::optional<rules::join_token>(
               const running_cluster&)>& token_of) {
  if (!servers.empty()) {
    auto mine = token ? token : token_beside(servers, local, token_of);
    if (!mine)
      return make_error(ec::bad_request, how_to_get_a_token);
    return join_way{servers, std::move(*mine)};
  }
  auto all = candidates_of(local, heard,
                           token ? token->authority_hash : std::string{});
  if (all.empty())
    return nobody(token);
  if (all.size() > 1)
    return make_error(ec::conflict,
                      std::to_string(all.size())
                          + " clusters answer: name a server of one with "
                            "--join, or give the token of one"
                          + listed(all));
  auto& only = all.front();
  auto mine = token;
  if (!mine && only.local != nullptr)
    mine = token_of(*only.local);
  if (!mine)
    return make_error(ec::bad_request, "found a cluster, but "
                                           + std::string{how_to_get_a_token}
                                           + listed(all));
  return join_way{only.cluster.servers, std::move(*mine)};
}

expected<join_way> find_way(const join_options& options) {
  auto token = given_token(options);
  if (!token)
    return token.error();
  std::vector<std::string> servers;
  for (auto& each : options.servers) {
    auto found = with_address(each);
    if (!found)
      return found.error();
    servers.push_back(std::move(*found));
  }
  auto local = running_clusters();
  // A server that runs no more has left its word, and we hold its directory.
  std::erase_if(local,
                [&](auto& each) { return each.data_dir == options.data_dir; });
  auto named = options.servers.empty() && !*token && !options.home.empty();
  auto at_home = std::find_if(local.begin(), local.end(), [&](auto& each) {
    return named && each.data_dir == options.home;
  });
  if (at_home != local.end())
    local = {*at_home};
  else
    named = false;
  std::vector<net::found_cluster> heard;
  if (options.servers.empty() && options.discovery_port != 0 && !named)
    // A machine without a network may have clusters all the same.
    if (auto found = net::discover(options.discovery_port))
      heard = std::move(*found);
  return choose_way(
      servers, *token, local, heard, [](const running_cluster& cluster) {
        auto found =
            read_token(std::filesystem::path{cluster.data_dir} / "token");
        return found ? std::optional{std::move(*found)} : std::nullopt;
      });
}

} // namespace troupe::cli
