#pragma once

#include "messages/errors.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::crypto {

/// A cluster as a kubeconfig knows it. `actors` is HOST:PORT of the actors'
/// entrance, or several with commas between them, kept in the entry named
/// `troupe` of the cluster's extensions.
struct kubeconfig_cluster {
  std::string name;
  std::string server;    ///< https://HOST:PORT of the REST API
  std::string authority; ///< PEM
  std::string actors;
  std::string problem; ///< the field that makes this entry useless, and why

  bool operator==(const kubeconfig_cluster&) const = default;
};

/// Who the caller is: a certificate with its key (PEM), or a bearer token.
struct kubeconfig_user {
  std::string name;
  std::string certificate;
  std::string key;
  std::string token;
  std::string problem; ///< the field that makes this entry useless, and why

  bool operator==(const kubeconfig_user&) const = default;
};

/// A cluster, a user and a namespace under one name.
struct kubeconfig_context {
  std::string name;
  std::string cluster;
  std::string user;
  std::string ns;

  bool operator==(const kubeconfig_context&) const = default;
};

/// A kubeconfig file: what stock clients read, and ours.
struct kubeconfig {
  std::vector<kubeconfig_cluster> clusters;
  std::vector<kubeconfig_user> users;
  std::vector<kubeconfig_context> contexts;
  std::string current_context;

  bool operator==(const kubeconfig&) const = default;
};

/// What one context leads to.
struct kubeconfig_access {
  kubeconfig_cluster cluster;
  kubeconfig_user user;
  std::string ns; ///< "default" when the context names none
};

/// Returns each of the addresses in `actors`; an empty one where it is empty.
std::vector<std::string> addresses_of(const kubeconfig_cluster& cluster);

/// Returns the text of a file that kubectl and read_kubeconfig understand.
std::string to_yaml(const kubeconfig& config);

/// Reads the text of a kubeconfig; certificates, keys and tokens in files of
/// their own are read too, relative names from `directory`. Entries that we do
/// not know are skipped, as kubectl does. An error names the field; one inside
/// a cluster or user is kept in its `problem`, for other contexts may be fine.
expected<kubeconfig> parse_kubeconfig(std::string_view text,
                                      const std::filesystem::path& directory);

/// Reads the file `path`; an error begins with its name.
expected<kubeconfig> read_kubeconfig(const std::filesystem::path& path);

/// Returns what `context` leads to, or the current context where it is empty.
/// An error says which name is missing or which field cannot be used.
expected<kubeconfig_access> choose(const kubeconfig& config,
                                   std::string_view context);

} // namespace troupe::crypto
