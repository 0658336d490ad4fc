#pragma once

#include "messages/object.hpp"

namespace troupe::autoscaling::v1 {
class Scale;
} // namespace troupe::autoscaling::v1

namespace troupe::rules {

/// Returns what the scale subresource of an object shows. Fails with NotFound
/// for kinds that cannot be scaled.
expected<object> scale_of(const object& what);

/// Returns the object with the number of replicas that `scale` asks for.
/// Fails with Invalid when that is negative.
expected<object> with_scale(const object& what,
                            const autoscaling::v1::Scale& scale);

} // namespace troupe::rules
