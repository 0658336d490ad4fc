#include "runtime/rules/nameless.hpp"

namespace troupe::rules {

caf::error nameless(const std::string& name) {
  return make_error(
      ec::bad_request,
      "the name of the object (" + name
          + " based on URL) was undeterminable: name must be provided");
}

} // namespace troupe::rules
