#pragma once

#include "runtime/apply/tracking.hpp"
#include "runtime/text/document.hpp"

#include <memory>

namespace troupe::apply {

/// Applies a configuration to an object, `live`, or to none: what it says is
/// merged in, what its manager applied before and no longer does is removed
/// unless others own it, and the manager owns all that it says. Returns the
/// object without new defaults, with its entries.
///
/// Fails with Conflict where others own what would change, unless `force`; with
/// BadRequest for another kind, or entries in the configuration; with an
/// unspecific error (code 500, no reason), as Kubernetes does, where the
/// configuration is not of its type.
expected<object> apply_configuration(const kind_info& kind, const object& live,
                                     const text::document& config,
                                     const writer& who, bool force);

/// Applies a configuration of its scale to an object. `scale` is what it shows.
/// Returns the scale, and the entries of the object through `entries`.
expected<object> apply_scale(const object& live, const object& scale,
                             const text::document& config, const writer& who,
                             bool force, managed_fields& entries);

} // namespace troupe::apply
