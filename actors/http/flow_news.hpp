#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <memory>

namespace troupe::rules {
class flow_table;
} // namespace troupe::rules

namespace troupe {

/// The flow schemas from now on. Shared as they are; stay in their process.
struct flow_news {
  std::shared_ptr<const rules::flow_table> table;
};

/// Hears which flow schemas there are.
using flow_reader_actor = caf::typed_actor<caf::reacts_to<flow_news>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::flow_news)
