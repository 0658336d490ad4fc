#pragma once

#include "messages/object.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What every cluster has from the beginning, and has again when somebody
/// takes it away.
namespace troupe::rules {

/// What the cluster is told when it starts.
struct first_settings {
  std::string service_cidr;
  std::string api_address; ///< where pods reach the API over HTTPS
  uint16_t api_port = 0;   ///< 0 while nothing serves that
  std::string authority;   ///< the certificate of the cluster's CA, PEM
};

/// Returns the objects in the order in which they can be created: namespaces,
/// priority classes, the Service `kubernetes`, its Endpoints and slice, the
/// same of the cluster's DNS, and mandatory flow control. The Endpoints hold no
/// address while no HTTPS is served: who connects is refused at once then.
std::vector<object> first_objects(const first_settings& settings);

/// Returns the ConfigMap with the authority's certificate that each namespace
/// has.
object authority_map(const std::string& ns, const std::string& authority);

/// Its name.
constexpr auto authority_map_name = "kube-root-ca.crt";

/// Returns the ConfigMap where components with servers of their own learn, in
/// Kubernetes, by whom the certificates of clients are signed.
object authentication_map(const std::string& authority);

/// Its place.
constexpr auto authentication_map_name = "extension-apiserver-authentication";
constexpr auto authentication_map_namespace = "kube-system";

/// Returns what is to be written in place of `stored`; none where that says
/// what it should, or is for others to change.
object corrected(const object& stored, const object& wanted);

/// Whether the server of a process corrects where pods reach the API: each
/// server has an address of its own, and one of them, beside which the
/// controllers are active, leads there. `holder` is who holds the election of
/// the controllers, "" for nobody just now; none: there was no election yet.
/// Where they are beside no server, the first of those that are there does:
/// `present` are the processes that this one knows of, itself among them.
bool leads_to_api(const std::optional<std::string>& holder,
                  const std::string& process,
                  const std::vector<std::string>& present);

/// Whether controllers are active beside no server: who leads there depends on
/// which servers are there.
bool is_apart(const std::optional<std::string>& holder);

/// Whether a server must ask itself that before it corrects this.
bool tells_where_api_is(const object& what);

/// Whether this is nobody's business once the Service of DNS has a selector:
/// then it is answered by pods.
bool tells_where_dns_is(const object& what);

} // namespace troupe::rules
