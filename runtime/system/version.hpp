#pragma once

namespace troupe {

/// The version of this program, "0.1.0".
const char* program_version();

/// What it was built from, in hexadecimal: the commit when the build was set
/// up, or where there is no repository, a hash of the sources.
const char* program_commit();

} // namespace troupe
