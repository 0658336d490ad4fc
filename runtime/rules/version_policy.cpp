#include "messages/api/flowcontrol.pb.h"
#include "messages/api/flowcontrol_v1beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/policy_v1beta1.pb.h"
#include "runtime/rules/version_forms.hpp"

namespace troupe::rules {

namespace {

using meta::v1::LabelSelector;

// Kubernetes: an empty selector means no pod in the old version and every pod
// in the new one. A requirement with this key, which no pod has as a label,
// says the one in the words of the other.
constexpr auto mark =
    "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match";

bool is_empty(const LabelSelector& selector) {
  return selector.match_labels().empty()
         && selector.match_expressions().empty();
}

bool is_mark(const LabelSelector& selector, const char* operation) {
  return selector.match_labels().empty()
         && selector.match_expressions_size() == 1
         && selector.match_expressions(0).key() == mark
         && selector.match_expressions(0).operator_() == operation;
}

void set_mark(LabelSelector& selector, const char* operation) {
  selector.clear_match_expressions();
  auto& requirement = *selector.add_match_expressions();
  requirement.set_key(mark);
  requirement.set_operator_(operation);
}

void remove_marks(LabelSelector& selector) {
  LabelSelector result;
  *result.mutable_match_labels() = selector.match_labels();
  for (auto& requirement : selector.match_expressions())
    if (requirement.key() != mark)
      *result.add_match_expressions() = requirement;
  selector = result;
}

/// The same way in both directions: what was empty gets the mark of
/// `when_empty`, the other one's becomes empty.
void translate(LabelSelector& selector, const char* when_empty,
               const char* of_everything) {
  if (is_empty(selector))
    set_mark(selector, when_empty);
  else if (is_mark(selector, of_everything))
    selector.clear_match_expressions();
  else
    remove_marks(selector);
}

template <class From, class To>
void copy_budget(const From& from, To& to) {
  *to.mutable_metadata() = from.metadata();
  *to.mutable_spec() = from.spec();
  *to.mutable_status() = from.status();
}

template <class From, class To>
void copy_level(const From& from, To& to) {
  *to.mutable_metadata() = from.metadata();
  *to.mutable_status() = from.status();
  to.mutable_spec()->set_type(from.spec().type());
  if (from.spec().has_exempt())
    *to.mutable_spec()->mutable_exempt() = from.spec().exempt();
  if (!from.spec().has_limited())
    return;
  auto& limited = from.spec().limited();
  auto& out = *to.mutable_spec()->mutable_limited();
  if (limited.has_limit_response())
    *out.mutable_limit_response() = limited.limit_response();
  if (limited.has_lendable_percent())
    out.set_lendable_percent(limited.lendable_percent());
  if (limited.has_borrowing_limit_percent())
    out.set_borrowing_limit_percent(limited.borrowing_limit_percent());
}

} // namespace

void convert(const policy::v1beta1::PodDisruptionBudget& from,
             policy::v1::PodDisruptionBudget& to) {
  copy_budget(from, to);
  if (to.spec().has_selector())
    translate(*to.mutable_spec()->mutable_selector(), "Exists", "DoesNotExist");
}

void convert(const policy::v1::PodDisruptionBudget& from,
             policy::v1beta1::PodDisruptionBudget& to) {
  copy_budget(from, to);
  if (to.spec().has_selector())
    translate(*to.mutable_spec()->mutable_selector(), "DoesNotExist", "Exists");
}

void convert(const flowcontrol::v1beta1::PriorityLevelConfiguration& from,
             flowcontrol::v1::PriorityLevelConfiguration& to) {
  copy_level(from, to);
  if (!from.spec().has_limited())
    return;
  // The old version has 30 where it is left out, and knows no zero.
  auto shares = from.spec().limited().assured_concurrency_shares();
  to.mutable_spec()->mutable_limited()->set_nominal_concurrency_shares(
      shares == 0 ? 30 : shares);
}

void convert(const flowcontrol::v1::PriorityLevelConfiguration& from,
             flowcontrol::v1beta1::PriorityLevelConfiguration& to) {
  copy_level(from, to);
  if (from.spec().has_limited())
    to.mutable_spec()->mutable_limited()->set_assured_concurrency_shares(
        from.spec().limited().nominal_concurrency_shares());
}

} // namespace troupe::rules
