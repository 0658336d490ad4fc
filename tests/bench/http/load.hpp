#pragma once

#include "tests/bench/http/client.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::bench {

/// What one load came to.
struct load_figures {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  size_t count = 0;
};

/// Returns the value that this share of all is not above; 0 for none.
double share_of(std::vector<double> values, double share);

/// So many clients at once, each with a connection of its own and waiting for
/// its answer before it asks again, for so long. `one` makes a request, by
/// its client's number and that request's, and ends the benchmark if it is
/// refused; false: this client has no more to do.
load_figures measure_load(
    const http_place& to, int clients, double seconds,
    const std::function<bool(http_client& by, int client, int number)>& one);

/// Ends the benchmark unless the status is one of success.
void expect_success(const http_answer& got, const std::string& what);

} // namespace troupe::bench
