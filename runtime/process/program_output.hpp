#pragma once

#include <string>

namespace troupe::process {

/// What the program prints, called with one option and `input` on its standard
/// input; empty when it cannot be run. Waits until it ends.
std::string output_of(const std::string& program, const char* option,
                      const std::string& input = {});

} // namespace troupe::process
