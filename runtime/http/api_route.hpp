#pragma once

#include "messages/kinds.hpp"
#include "runtime/http/target.hpp"

#include <string>
#include <string_view>

namespace troupe::http {

/// What stands at a path.
enum class place : uint8_t {
  nothing,
  index,         ///< /
  core_versions, ///< /api
  groups,        ///< /apis
  group,         ///< /apis/GROUP
  version,       ///< /api/v1, /apis/GROUP/VERSION
  resource,      ///< everything below
  server_version,
  health, ///< /healthz, /livez, /readyz, each with /CHECK
  metrics,
  openapi_v2,
  openapi_v3, ///< the list of documents, or one of them
  issuer,     ///< of tokens: /.well-known/openid-configuration
  token_keys, ///< /openid/v1/jwks
};

/// Where a request goes, as far as its path says.
struct api_route {
  place where = place::nothing;
  std::string group;
  std::string version;
  const kind_info* kind = nullptr; ///< of a resource
  std::string ns;
  std::string name;
  std::string subresource;
  std::string rest;   ///< of the path, for proxies: "/x/y"
  bool watch = false; ///< one of the deprecated paths below /watch/
  std::string check;  ///< of health: the word after it; of openapi_v3: which

  /// Returns "v1" or "apps/v1".
  std::string api_version() const;
};

/// Never fails: what no path leads to is `place::nothing`.
api_route find_route(const target& to);

/// Whether a client of the API asks there, who is told by a Status what is
/// wrong with the path: below /api and the groups that there are.
bool is_api_path(const target& to);

/// Whether a request is passed on to a pod, a service or a node.
bool is_proxied(const api_route& at);

/// The same by its target alone.
bool is_proxied_target(std::string_view target);

/// Whether what is there flows both ways: commands, ports, proxies.
bool is_streamed(const api_route& at);

/// Whether a place that is no resource is served by a method. Kubernetes: some
/// are pages by any.
bool takes_method(place where, std::string_view method);

/// Returns Kubernetes' verb for a method at a resource, "" when there is none:
/// get, list, watch, create, update, patch, delete, deletecollection.
std::string_view verb_of(std::string_view method, const api_route& at,
                         const target& to);

/// Returns the kind of a resource in one version; null when it is not served.
const kind_info* find_served(std::string_view group, std::string_view version,
                             std::string_view plural);

} // namespace troupe::http
