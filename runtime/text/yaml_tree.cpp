#include "runtime/text/yaml_tree.hpp"

#include <yaml-cpp/mark.h>

namespace troupe::text {

text_place yaml_tree::place_of(const YAML::Mark& mark) {
  return {static_cast<size_t>(mark.line) + 1,
          static_cast<size_t>(mark.column) + 1};
}

size_t yaml_tree::add(yaml_node::type is, const YAML::Mark& mark,
                      YAML::anchor_t anchor) {
  auto index = nodes_.size();
  auto& node = nodes_.emplace_back();
  node.is = is;
  node.at = place_of(mark);
  if (!open_.empty())
    nodes_[open_.back()].children.push_back(index);
  if (anchor != 0)
    anchors_[anchor] = index;
  return index;
}

void yaml_tree::OnDocumentStart(const YAML::Mark& mark) {
  stuck_ = start_ == mark.pos;
  start_ = mark.pos;
  start_place_ = place_of(mark);
  nodes_.clear();
  open_.clear();
  anchors_.clear();
}

void yaml_tree::OnDocumentEnd() {
  // nop
}

void yaml_tree::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  add(yaml_node::type::null, mark, anchor);
}

void yaml_tree::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  auto target = anchors_.find(anchor);
  auto index = add(yaml_node::type::alias, mark, 0);
  nodes_[index].target = target == anchors_.end() ? index : target->second;
}

void yaml_tree::OnScalar(const YAML::Mark& mark, const std::string& tag,
                         YAML::anchor_t anchor, const std::string& value) {
  auto& node = nodes_[add(yaml_node::type::scalar, mark, anchor)];
  // The parser says "?" for plain and "!" for quoted scalars without a tag.
  node.plain = tag == "?";
  if (tag != "?" && tag != "!")
    node.tag = tag;
  node.text = value;
}

void yaml_tree::OnSequenceStart(const YAML::Mark& mark, const std::string&,
                                YAML::anchor_t anchor,
                                YAML::EmitterStyle::value) {
  open_.push_back(add(yaml_node::type::sequence, mark, anchor));
}

void yaml_tree::OnSequenceEnd() {
  open_.pop_back();
}

void yaml_tree::OnMapStart(const YAML::Mark& mark, const std::string&,
                           YAML::anchor_t anchor, YAML::EmitterStyle::value) {
  open_.push_back(add(yaml_node::type::mapping, mark, anchor));
}

void yaml_tree::OnMapEnd() {
  open_.pop_back();
}

} // namespace troupe::text
