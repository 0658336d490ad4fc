#pragma once

#include "messages/object.hpp"

#include <span>
#include <string>
#include <vector>

/// Whom to ask why an object is the way it is.
namespace troupe::rules {

/// One question to one component.
struct why_question {
  std::string path; ///< of the component
  std::string kind; ///< what it is asked about
  std::string key;
  std::string about; ///< "" for the object itself, else "ReplicaSet web-1"
};

/// Returns who may have decided something that matters to an object, nearest
/// first. `owners` are its controller, that one's controller and so on;
/// `services` those of its namespace.
std::vector<why_question> questions_about(const object& what,
                                          std::span<const object> owners,
                                          std::span<const object> services);

/// Returns what to say of an object about which nobody has decided anything.
std::string nothing_decided(const object& what,
                            std::span<const why_question> asked);

} // namespace troupe::rules
