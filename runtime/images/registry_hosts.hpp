#pragma once

#include "messages/errors.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::images {

/// A server that images of a registry may be got from.
struct registry_host {
  std::string url;      ///< https://HOST[:PORT]/v2 without a slash at the end
  bool resolve = true;  ///< may say what a tag is
  bool pull = true;     ///< may give what has a digest
  bool upstream = true; ///< the registry itself; only it is told who we are
  bool skip_verify = false;
  std::vector<std::filesystem::path> authorities{};
  std::filesystem::path client_certificate{};
  std::filesystem::path client_key{};
  std::map<std::string, std::string> headers{};
};

/// Returns the servers of a registry in the order to try, as the first of the
/// `folders` that knows it says: HOST/hosts.toml as containerd has it
/// (HOST_PORT_ for one with a port, _default for all others), or HOST/*.crt.
/// Without either it is the registry itself, over http where that is a loopback
/// address. ec::invalid names the file that cannot be understood.
expected<std::vector<registry_host>>
hosts_of(const std::string& registry,
         const std::vector<std::filesystem::path>& folders);

/// The same of the text of a hosts.toml that lies in `folder`. Pure.
expected<std::vector<registry_host>>
parse_hosts(std::string_view toml, const std::string& registry,
            const std::filesystem::path& folder);

/// Where a registry answers unless told otherwise. Pure.
registry_host usual_host(const std::string& registry);

/// Whether HOST[:PORT] is this machine.
bool is_loopback(const std::string& registry);

/// Where machines have such files: `own`, /etc/troupe/certs.d and
/// /etc/containerd/certs.d.
std::vector<std::filesystem::path>
usual_host_folders(const std::filesystem::path& own);

} // namespace troupe::images
