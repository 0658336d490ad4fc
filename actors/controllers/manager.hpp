#pragma once

#include "actors/system/supervisor.hpp"

namespace troupe {

/// The branch `controllers`: one supervisor, and below it every controller.
/// None depends on another, so that each restarts alone.
child_spec controllers_branch();

} // namespace troupe
