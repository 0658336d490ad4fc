#pragma once

#include "actors/apiserver/processes.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe {

using processes_pointer = processes_actor::stateful_pointer<processes_state>;

/// A process went down. Unless it is back in a moment, or another server still
/// has it, it counts as lost: its nodes' leases say so, and elections that it
/// held are open.
void on_process_down(processes_pointer self, const std::string& process);

/// Goes on with where the servers are, HOST:PORT, as the store's group and the
/// configuration know.
void server_places(processes_pointer self,
                   std::function<void(std::vector<std::string>)> next);

} // namespace troupe
