#include "messages/api/meta.pb.h"
#include "messages/api/rbac.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/printing/rule_rows.hpp"

namespace troupe::printing {

namespace {

using namespace rbac::v1;

// kubectl names no namespace here.
void describe_top(description& d, const object& x) {
  d.line(0, "Name:\t{}", x.name());
  describe_labels(d, "Labels", x.meta().labels());
  describe_annotations(d, x.meta().annotations());
}

template <class T>
void describe_rules(description& d, const T& role) {
  d.line(0, "PolicyRule:");
  d.line(1, "Resources\tNon-Resource URLs\tResource Names\tVerbs");
  d.line(1, "---------\t-----------------\t--------------\t-----");
  for (auto& row : rule_rows(role.rules()))
    d.line(1, "{}\t{}\t{}\t{}", row[0], row[1], row[2], row[3]);
}

template <class T>
void describe_subjects(description& d, const T& binding) {
  d.line(0, "Role:");
  d.line(1, "Kind:\t{}", binding.role_ref().kind());
  d.line(1, "Name:\t{}", binding.role_ref().name());
  d.line(0, "Subjects:");
  d.line(1, "Kind\tName\tNamespace");
  d.line(1, "----\t----\t---------");
  for (auto& subject : binding.subjects())
    d.line(1, "{}\t{}\t{}", subject.kind(), subject.name(),
           subject.namespace_());
}

} // namespace

void describe_role(description& d, const subject& x) {
  describe_top(d, x.what);
  if (&x.what.kind() == &kind_of<ClusterRole>())
    describe_rules(d, x.what.as<ClusterRole>());
  else
    describe_rules(d, x.what.as<Role>());
}

void describe_role_binding(description& d, const subject& x) {
  describe_top(d, x.what);
  if (&x.what.kind() == &kind_of<ClusterRoleBinding>())
    describe_subjects(d, x.what.as<ClusterRoleBinding>());
  else
    describe_subjects(d, x.what.as<RoleBinding>());
}

} // namespace troupe::printing
