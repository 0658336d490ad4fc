#pragma once

#include <string>
#include <vector>

namespace troupe::rules {

/// Returns the verbs that somebody must be allowed who opens a stream of
/// `subresource` ("exec", "proxy") with `verb`; empty means "create".
///
/// Clients of WebSocket ask with GET, which reads by its name only. Kubernetes
/// since 1.35: whoever runs something that way must be allowed to create, too,
/// so that a role that reads cannot run commands.
///
/// What goes through a proxy is bytes, and whoever sends them says which verb
/// it is: with no HTTP server between (`raw`), it may be any.
std::vector<std::string> stream_verbs(const std::string& subresource,
                                      const std::string& verb, bool raw);

} // namespace troupe::rules
