#pragma once

#include "messages/kinds.hpp"
#include "runtime/apply/conflicts.hpp"
#include "runtime/text/document.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Objects that `kubectl apply` managed before it did so on the server: what it
/// applied stands in an annotation.
namespace troupe::apply {

/// The manager that takes such objects over.
inline constexpr std::string_view kubectl_manager = "kubectl";

/// The manager that wrote them.
inline constexpr std::string_view client_side_manager =
    "kubectl-client-side-apply";

/// Returns the conflicts about what was not applied, or is not as it was
/// applied any more.
std::vector<conflict> not_taken_over(std::vector<conflict> found,
                                     const text::document& live,
                                     const kind_info& kind);

/// Makes what `kubectl apply` owned, by updates, what a manager applied, so
/// that it goes when it is not applied any more. Returns whether there was any;
/// changes nothing otherwise, and where the entries are malformed.
bool take_over_entries(meta::v1::ObjectMeta& meta, const std::string& manager);

/// Where an object has the annotation, it holds the configuration from now on.
void refresh_last_applied(text::document& result, const text::document& config);

} // namespace troupe::apply
