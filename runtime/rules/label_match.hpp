#pragma once

#include "messages/api/meta.pb.h"

#include <string>

namespace troupe::rules {

using label_map = google::protobuf::Map<std::string, std::string>;

/// Returns whether `labels` satisfy every requirement. An empty selector
/// selects everything; an operator that does not exist selects nothing.
bool selects(const meta::v1::LabelSelector& selector, const label_map& labels);

/// Returns whether `labels` hold every pair of `wanted`.
bool contains(const label_map& labels, const label_map& wanted);

/// Returns whether the selector has no requirement.
bool selects_everything(const meta::v1::LabelSelector& selector);

/// Returns whether both maps hold the same pairs.
bool same_labels(const label_map& a, const label_map& b);

} // namespace troupe::rules
