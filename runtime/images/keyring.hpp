#pragma once

#include "messages/errors.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::images {

/// Who one is to a registry. Never printed.
struct credentials {
  std::string user;
  std::string password;
  std::string identity_token; ///< for which a token service gives others
  std::string registry_token; ///< sent as it is

  bool empty() const {
    return user.empty() && password.empty() && identity_token.empty()
           && registry_token.empty();
  }

  bool operator==(const credentials&) const = default;
};

/// What pull secrets and configuration files say, and whom an image is pulled
/// as. Kubernetes' rules: a key is a host, with globs in its labels, a port and
/// a prefix of the path; longer keys are tried before shorter ones.
class keyring {
public:
  /// Adds what a secret of type kubernetes.io/dockerconfigjson (or docker's
  /// config.json) holds; ec::invalid without a word of the content.
  caf::error add_config(std::string_view json);

  /// The same for kubernetes.io/dockercfg.
  caf::error add_old_config(std::string_view json);

  /// Returns what to try for an image, in this order; `name` is that of its
  /// repository with the registry. None: nobody in particular.
  std::vector<credentials> find(const std::string& name) const;

private:
  void add(const std::string& key, credentials who);

  /// By key; the greatest first, as Kubernetes sorts them.
  std::map<std::string, std::vector<credentials>, std::greater<>> known_;
};

} // namespace troupe::images
