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

/// Returns what a page looks at: `page` is healthz, livez or readyz. Whether a
/// process lives does not depend on its store.
std::vector<health_check> health_checks(std::string_view page);

/// Returns a page, or one check of it, as Kubernetes words it; 404 for a check
/// that it does not have.
health_answer health_page(std::string_view page, std::string_view check,
                          const std::vector<std::string>& left_out,
                          bool verbose,
                          const std::vector<health_check>& checks);

/// /version as JSON, for a version such as v1.36.0.
std::string server_version(std::string_view version);

/// / as JSON: the paths that there are.
std::string index_of_paths();

} // namespace troupe::http
