#pragma once

#include "messages/object.hpp"
#include "runtime/rules/authorize.hpp"

/// Questions that are asked by creating an object, and answered in its status.
/// Nothing of it is stored.
namespace troupe::rules {

/// Whether objects of this kind are questions.
bool is_review(const kind_info& kind);

/// Whether anyone may ask, as Kubernetes' role system:basic-user allows: the
/// question is about the caller alone.
bool is_about_caller(const kind_info& kind);

/// Returns the question with its answer. Fails with Invalid when it makes no
/// sense. Precondition: is_review(question.kind()).
expected<object> answer_review(const object& question, const caller& who);

} // namespace troupe::rules
