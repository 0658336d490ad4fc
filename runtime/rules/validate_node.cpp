#include "messages/api/core_node.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/quantities.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

using core::v1::Node;
using core::v1::NodeSpec;

namespace {

void check_taints(const NodeSpec& spec, findings& out) {
  field_path at{"spec.taints"};
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < spec.taints_size(); ++i) {
    auto& taint = spec.taints(i);
    auto one = at[static_cast<size_t>(i)];
    out.invalid(one.child("key"), taint.key(),
                check_qualified_name(taint.key()));
    out.invalid(one.child("value"), taint.value(),
                check_label_value(taint.value()));
    if (taint.effect().empty())
      out.required(one.child("effect"));
    if (!seen.emplace(taint.key(), taint.effect()).second)
      out.duplicate(one, taint.key() + ":" + taint.effect());
  }
}

void check_ranges(const NodeSpec& spec, findings& out) {
  field_path at{"spec.podCIDRs"};
  std::set<bool> families;
  for (int i = 0; i < spec.pod_cidrs_size(); ++i) {
    auto& text = spec.pod_cidrs(i);
    auto one = at[static_cast<size_t>(i)];
    out.invalid(one, text, check_cidr(text));
    auto range = ip_range::parse(text);
    if (range && !families.insert(range->base.v6).second)
      out.invalid(at, text,
                  "may specify no more than one CIDR for each IP family");
  }
  if (spec.pod_cidrs_size() > 2)
    out.invalid(at, spec.pod_cidrs_size(), "may only hold up to 2 values");
  if (!spec.pod_cidrs().empty() && spec.pod_cidr() != spec.pod_cidrs(0))
    out.invalid(at[0], spec.pod_cidrs(0), "must match `podCIDR`");
  else if (spec.pod_cidrs().empty() && !spec.pod_cidr().empty())
    out.invalid(field_path{"spec.podCIDR"}, spec.pod_cidr(),
                check_cidr(spec.pod_cidr()));
}

void check_status(const Node& node, findings& out) {
  field_path addresses{"status.addresses"};
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < node.status().addresses_size(); ++i) {
    auto& one = node.status().addresses(i);
    if (!seen.emplace(one.type(), one.address()).second)
      out.duplicate(addresses[static_cast<size_t>(i)],
                    one.type() + " " + one.address());
  }
  check_amounts(node.status().capacity(), field_path{"status.capacity"}, out);
  check_amounts(node.status().allocatable(), field_path{"status.allocatable"},
                out);
}

void validate_node(const Node& node, findings& out) {
  check_taints(node.spec(), out);
  check_ranges(node.spec(), out);
  check_status(node, out);
}

bool same_ranges(const NodeSpec& a, const NodeSpec& b) {
  auto& left = a.pod_cidrs();
  auto& right = b.pod_cidrs();
  return a.pod_cidr() == b.pod_cidr()
         && std::equal(left.begin(), left.end(), right.begin(), right.end());
}

void validate_node_update(const Node& node, const Node& old, findings& out) {
  auto& now = node.spec();
  auto& before = old.spec();
  bool had_ranges = !before.pod_cidr().empty() || !before.pod_cidrs().empty();
  if (had_ranges && !same_ranges(now, before))
    out.forbidden(field_path{"spec.podCIDRs"},
                  "node updates may not change podCIDR except from \"\" to "
                  "valid");
  if (!before.provider_id().empty()
      && now.provider_id() != before.provider_id())
    out.forbidden(field_path{"spec.providerID"},
                  "node updates may not change providerID except from \"\" to "
                  "valid");
  NodeSpec undone = now;
  *undone.mutable_taints() = before.taints();
  *undone.mutable_pod_cidrs() = before.pod_cidrs();
  undone.set_pod_cidr(before.pod_cidr());
  undone.set_provider_id(before.provider_id());
  undone.set_unschedulable(before.unschedulable());
  undone.clear_config_source();
  if (before.has_config_source())
    *undone.mutable_config_source() = before.config_source();
  if (!canonical_equal(undone, before))
    out.forbidden(field_path{"spec"},
                  "node updates may only change labels, taints, or capacity");
}

void validate_node_status(const Node& node, const Node&, findings& out) {
  check_status(node, out);
}

} // namespace

void add_node_validation(registry& all) {
  auto& rules = all.of<Node>();
  rules.validate = check<Node, validate_node>;
  rules.validate_update = check_from<Node, validate_node_update>;
  rules.validate_status = check_from<Node, validate_node_status>;
}

} // namespace troupe::rules
