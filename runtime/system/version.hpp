#pragma once

namespace troupe {

/// The version of this program, "0.1.0".
const char* program_version();

} // namespace troupe
