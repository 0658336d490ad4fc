#pragma once

#include "cli/environment.hpp"

namespace troupe::cli {

/// `certificate approve` and `certificate deny`.
void add_certificate_decisions(CLI::App& certificate, environment& env);

} // namespace troupe::cli
