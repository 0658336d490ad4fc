#pragma once

#include "runtime/http/openapi_schemas.hpp"

namespace troupe::http {

/// Adds what may be done at the paths of kinds, by path.
void add_paths(const std::vector<const kind_info*>& kinds,
               openapi_version version, nlohmann::json& out);

} // namespace troupe::http
