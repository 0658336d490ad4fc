#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

/// One thing that must be well.
struct health_check {
  std::string name;
  std::string problem; ///< "" while it is
};

/// What a page says.
struct health_answer {
  int status = 200;
  std::string text;
};

/// The check of the store. Kubernetes: the name of what is behind it.
inline constexpr std::string_view store_check = "etcd";

/// Returns what /healthz, /livez and /readyz look at.
std::vector<health_check> health_checks();

/// Returns a page (`page` is healthz, livez or readyz), or one check of it, as
/// Kubernetes words it; 404 for a check that it does not have.
health_answer health_page(std::string_view page, std::string_view check,
                          const std::vector<std::string>& left_out,
                          bool verbose,
                          const std::vector<health_check>& checks);

/// /version as JSON, for a version such as v1.36.0.
std::string server_version(std::string_view version);

/// / as JSON: the paths that there are.
std::string index_of_paths();

} // namespace troupe::http
