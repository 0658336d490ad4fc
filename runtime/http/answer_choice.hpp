#pragma once

#include "runtime/http/api_route.hpp"
#include "runtime/http/negotiation.hpp"

#include <string_view>

/// How a request is answered, as far as where it goes and what its client
/// takes tell.
namespace troupe::http {

/// Returns the form of what is answered there to that verb. Fails with
/// not_acceptable in Kubernetes' words: those of its router where no name of a
/// type fits, those of the place where the rest does not.
expected<answer_form> choose_form(std::string_view accept, const api_route& at,
                                  std::string_view verb);

/// Returns the form of a Status that says why not: what the client takes, but
/// for shapes; JSON for eyes to one who takes nothing that is served.
answer_form refusal_form(std::string_view accept);

/// What the router says of a path that leads nowhere. Like all that it says,
/// with details that are there and empty.
caf::error no_such_place();

/// The same of a method that a path does not have.
caf::error wrong_method();

} // namespace troupe::http
