#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/rules/authorize.hpp"

#include <optional>

/// Questions that are asked by creating an object, and answered in its status.
/// Nothing of it is stored.
namespace troupe::rules {

/// Whether objects of this kind are questions.
bool is_review(const kind_info& kind);

/// Whether they are about tokens: answered by who knows these, not here.
bool is_token_review(const kind_info& kind);

/// Who a question is about, and what they want to do.
struct access_question {
  caller who;
  access what;
};

/// Returns what is to be found out before a question can be answered; nothing
/// for those that ask something else.
std::optional<access_question> access_asked(const object& question,
                                            const caller& who);

/// What answers are made of.
struct review_facts {
  caller who;                          ///< who asks
  verdict found;                       ///< on what access_asked returned
  const rbac_policy* policy = nullptr; ///< null when it is not known yet
  time_point now{};
  std::string ns{}; ///< where it is asked; "" outside of namespaces
};

/// Returns the question with its answer. Fails with Invalid when it makes no
/// sense. Precondition: its kind is a review,
/// and not of tokens.
expected<object> answer_review(const object& question,
                               const review_facts& facts);

} // namespace troupe::rules
