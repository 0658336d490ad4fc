#pragma once

#include "messages/object.hpp"

#include <string>

namespace troupe::rules {

/// Something worth telling of an object, to become an Event.
struct event_note {
  object about;
  bool warning = false;
  std::string reason;
  std::string message;
};

} // namespace troupe::rules
