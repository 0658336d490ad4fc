#pragma once

#include "messages/errors.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

struct kind_info;

namespace authentication::v1 {
class TokenRequest;
} // namespace authentication::v1

namespace core::v1 {
class Namespace;
} // namespace core::v1

namespace meta::v1 {
class DeleteOptions;
class ListOptions;
class ObjectMeta;
} // namespace meta::v1

} // namespace troupe

/// Rules for what comes with a request beside the object. Those that return
/// findings make a 422, those that return an error say their own code.
namespace troupe::rules {

/// What a body says of itself must be what the path says: BadRequest.
caf::error check_type(const kind_info& wished, std::string_view api_version,
                      std::string_view kind);

/// Namespace and name of a body must be empty or those of the path:
/// BadRequest. `name` is empty on create.
caf::error check_place(const meta::v1::ObjectMeta& meta, const kind_info& kind,
                       std::string_view ns, std::string_view name);

/// Parameters of a write.
struct write_parameters {
  std::vector<std::string> dry_run;
  std::string field_manager;
  std::string field_validation;
  bool apply_patch = false;
  bool has_force = false; ///< of a patch
};
std::vector<field_error>
validate_write_parameters(const write_parameters& given);

/// Whether a subresource takes a verb, as Kubernetes serves it and as far as it
/// is provided here.
bool subresource_takes(std::string_view subresource, std::string_view verb);

std::vector<field_error>
validate_list_options(const meta::v1::ListOptions& options);

std::vector<field_error>
validate_delete_options(const meta::v1::DeleteOptions& options);

std::vector<field_error>
validate_token_request(const authentication::v1::TokenRequest& request);

/// Keeps everything from `old` but spec.finalizers: the finalize subresource.
void prepare_for_finalize(core::v1::Namespace& ns,
                          const core::v1::Namespace& old);

} // namespace troupe::rules
