#pragma once

namespace troupe::apiextensions {
namespace v1 {
class CustomResourceDefinition;
} // namespace v1
namespace v1beta1 {
class CustomResourceDefinition;
} // namespace v1beta1
} // namespace troupe::apiextensions

/// As in version_forms.hpp, of what defines kinds. What all versions have alike
/// the older form says once.
namespace troupe::rules {

void convert(const apiextensions::v1beta1::CustomResourceDefinition& from,
             apiextensions::v1::CustomResourceDefinition& to);
void convert(const apiextensions::v1::CustomResourceDefinition& from,
             apiextensions::v1beta1::CustomResourceDefinition& to);

} // namespace troupe::rules
