#include "cli/server_identity.hpp"

namespace troupe::cli {

namespace {

/// What lies in the file now, or at the start where that cannot be read.
crypto::credential present(const crypto::cluster_keys& keys) {
  auto text = crypto::read_file(keys.server_file);
  auto found = text ? crypto::parse_credential(*text)
                    : expected<crypto::credential>{text.error()};
  return found ? std::move(*found) : keys.server;
}

} // namespace

secure_files files_of(const crypto::cluster_keys& keys) {
  return {keys.server_file.string(), keys.authority_file.string()};
}

server_links links_of(secure_network& network,
                      const crypto::cluster_keys& keys) {
  server_links result{&network, {}};
  result.own = [keys](const std::string&) -> expected<crypto::credential> {
    return present(keys);
  };
  result.renew = [keys](time_point now) {
    return crypto::renew_credential(keys.server_file, keys.authority,
                                    {crypto::server_user, {}}, keys.names, now);
  };
  return result;
}

} // namespace troupe::cli
