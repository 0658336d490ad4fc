#pragma once

#include "messages/kinds.hpp"
#include "runtime/http/negotiation.hpp"
#include "runtime/http/served_document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::meta::v1 {
class APIGroup;
class APIGroupList;
class APIResourceList;
class APIVersions;
} // namespace troupe::meta::v1

/// What the server says about itself: which groups, versions and resources
/// there are. Made of the table of kinds.
namespace troupe::http {

/// Groups but the core one, in the order of the table of kinds.
std::vector<std::string_view> named_groups();

/// Versions of a group, the preferred one first.
std::vector<std::string_view> versions_of(std::string_view group);

/// /api. `address` is where clients reach the server.
meta::v1::APIVersions core_versions(const std::string& address);

/// /apis.
meta::v1::APIGroupList group_list();

/// /apis/GROUP.
meta::v1::APIGroup api_group(std::string_view group);

/// /api/v1 and /apis/GROUP/VERSION.
meta::v1::APIResourceList resource_list(std::string_view group,
                                        std::string_view version);

/// /api or /apis in one document, as JSON: APIGroupDiscoveryList of `version`
/// v2 or v2beta1.
const served_document& aggregated_discovery(bool core,
                                            std::string_view version);

/// The same in Protobuf.
const served_document& aggregated_protobuf(bool core, std::string_view version);

/// Kubernetes: the oldest groups tell what they have without saying in which
/// version. Returns that of such an answer; "" for those.
std::string_view discovery_version(std::string_view group);

} // namespace troupe::http
