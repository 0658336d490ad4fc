#pragma once

#include "messages/errors.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string_view>

namespace troupe {
struct message_info;
} // namespace troupe

namespace troupe::text {

/// Applies a JSON merge patch (RFC 7386).
document merge_patch(document target, const document& patch);

/// Bounds of a JSON patch, as Kubernetes has them.
struct json_patch_limits {
  size_t operations = 10'000;
  size_t copied_bytes = 3 << 20; ///< what `copy` operations add up to
  int depth = 200;
};

/// Applies a JSON patch (RFC 6902). A patch that is malformed is a bad
/// request; one that does not fit the target, or whose test fails, is invalid.
/// Either names the operation and the reason.
expected<document> json_patch(document target, const document& patch,
                              const json_patch_limits& limits = {});

/// Applies a strategic merge patch along the table of the target's kind:
/// lists with a merge key are merged item by item, the others are replaced.
/// Knows $patch (replace, delete, merge), $retainKeys,
/// $deleteFromPrimitiveList/x and $setElementOrder/x. Without a table, lists
/// are replaced. Errors have Kubernetes' words and codes.
expected<document> strategic_merge_patch(document target, const document& patch,
                                         const message_info* schema);

} // namespace troupe::text
