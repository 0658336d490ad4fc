#pragma once

#include "actors/system/supervisor.hpp"

#include <caf/scoped_actor.hpp>

#include <functional>
#include <iosfwd>
#include <string>

namespace troupe::cli {

/// Makes this a process that serves: SIGINT and SIGTERM are left to
/// `serve_tree`, a lost peer or terminal ends nothing, and as many files may be
/// open as the machine allows. Before any thread is there, so that all have it.
void prepare_to_serve();

/// Returns the folder that the program lies in, with those that it runs or
/// loads.
std::string own_folder();

/// A tree of actors in this process, and what builds it.
struct planted_tree {
  supervisor_actor root; ///< monitored by who serves
  std::function<supervisor_actor()> plant;
};

/// Serves until SIGINT or SIGTERM asks for the end: builds the tree anew when
/// its root dies. No thread may take these signals. Each of its words goes to
/// `tell`.
void serve_tree(caf::scoped_actor& self, planted_tree& tree,
                const std::function<void(const std::string&)>& tell);

/// Ends the tree in order. Returns whether all of it has ended in time.
bool end_tree(caf::scoped_actor& self, planted_tree& tree);

/// Ends the process once it has served. All that was acknowledged is on the
/// disk; to wait for the last actor of what is left would be to hold the place
/// of the next one.
[[noreturn]] void end_served(std::ostream& out);

} // namespace troupe::cli
