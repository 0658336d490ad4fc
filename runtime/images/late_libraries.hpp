#pragma once

namespace troupe::images {

/// Loads libarchive and libcurl, which the first call of any of their functions
/// would do. Throws std::runtime_error where the machine does not have them.
void load_libraries();

} // namespace troupe::images
