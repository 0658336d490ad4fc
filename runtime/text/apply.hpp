#pragma once

#include "messages/errors.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace troupe {
struct message_info;
} // namespace troupe

namespace troupe::text {

/// The annotation in which `kubectl apply` keeps what was applied last.
inline constexpr std::string_view last_applied_annotation =
    "kubectl.kubernetes.io/last-applied-configuration";

/// Returns `config` with the annotation that holds `config` itself.
document with_last_applied(document config);

/// Returns what was applied last to `live`: an empty object when nothing was.
/// Fails when the annotation holds no JSON object.
expected<document> last_applied_of(const document& live);

/// Returns the strategic merge patch that makes `modified` of `current`: adds
/// and changes what `modified` says, deletes what `original` had and
/// `modified` has no longer, and leaves alone what neither speaks of. An empty
/// object when there is nothing to do. Without a table it is a JSON merge
/// patch. Fails where an item lacks its merge key.
expected<document> three_way_patch(const document& original,
                                   const document& modified,
                                   const document& current,
                                   const message_info* schema);

/// Returns the patch that `kubectl apply` sends for a configuration and the
/// live object, the annotation included.
expected<document> apply_patch(const document& config, const document& live,
                               const message_info* schema);

} // namespace troupe::text
