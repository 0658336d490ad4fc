#pragma once

#include "messages/kinds.hpp"
#include "runtime/apply/conflicts.hpp"
#include "runtime/text/document.hpp"

#include <string_view>
#include <vector>

/// Objects that `kubectl apply` managed before it did so on the server: what it
/// applied stands in an annotation.
namespace troupe::apply {

/// The manager that takes such objects over.
inline constexpr std::string_view kubectl_manager = "kubectl";

/// Returns the conflicts about what was not applied, or is not as it was
/// applied any more.
std::vector<conflict> not_taken_over(std::vector<conflict> found,
                                     const text::document& live,
                                     const kind_info& kind);

/// Where an object has the annotation, it holds the configuration from now on.
void refresh_last_applied(text::document& result, const text::document& config);

} // namespace troupe::apply
