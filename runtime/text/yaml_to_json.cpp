#include "runtime/text/yaml_to_json.hpp"

#include "runtime/text/base64.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_scalar.hpp"

namespace troupe::text {

namespace {

constexpr std::string_view tag_prefix = "tag:yaml.org,2002:";

/// Returns the meaning of a scalar under its quotes and tag.
yaml_value value_of(const yaml_node& node) {
  std::string_view tag = node.tag;
  if (tag.starts_with(tag_prefix))
    tag.remove_prefix(tag_prefix.size());
  if (tag == "int" || tag == "float" || tag == "bool" || tag == "null")
    return resolve_yaml(node.text);
  return node.plain ? resolve_yaml(node.text) : yaml_value{};
}

} // namespace

expected<json_source> yaml_to_json::convert() {
  if (!write(0))
    return error_;
  return std::move(out_);
}

bool yaml_to_json::fail(const yaml_node& node, std::string_view why) {
  if (!error_)
    error_ = make_error(ec::bad_request,
                        "invalid YAML at line " + std::to_string(node.at.line)
                            + ", column " + std::to_string(node.at.column)
                            + ": " + std::string{why});
  return false;
}

/// Aliases can make much of little, and merges work of nothing.
bool yaml_to_json::within_bounds(const yaml_node& node) {
  if (out_.json.size() > options_.max_bytes
      || ++work_ > options_.max_bytes + tree_.size())
    return fail(node, "the document expands to more than "
                          + std::to_string(options_.max_bytes) + " bytes");
  if (depth_ > options_.max_depth)
    return fail(node, "nested too deeply: the limit is "
                          + std::to_string(options_.max_depth));
  return true;
}

bool yaml_to_json::write(size_t index) {
  auto& node = tree_[index];
  if (!within_bounds(node))
    return false;
  ++depth_;
  auto done = false;
  if (node.is != yaml_node::type::alias)
    out_.places.add(out_.json.size(), node.at);
  switch (node.is) {
    case yaml_node::type::null:
      out_.json += "null";
      done = true;
      break;
    case yaml_node::type::scalar:
      done = write_scalar(node);
      break;
    case yaml_node::type::sequence:
      done = write_sequence(node);
      break;
    case yaml_node::type::mapping:
      done = write_mapping(node);
      break;
    case yaml_node::type::alias:
      // One that contains itself ends at the bound of the depth.
      done = write(node.target);
      break;
  }
  --depth_;
  return done;
}

bool yaml_to_json::write_scalar(const yaml_node& node) {
  if (node.tag == std::string{tag_prefix} + "binary") {
    auto bytes = base64_decode(node.text);
    if (!bytes || !is_utf8(*bytes))
      return fail(node, "!!binary is no base64 of a UTF-8 string");
    append_json_string(out_.json, *bytes);
    return true;
  }
  auto value = value_of(node);
  if (value.meaning == yaml_meaning::not_json)
    return fail(node, node.text + " is no number that JSON knows");
  if (value.json.empty())
    append_json_string(out_.json, node.text);
  else
    out_.json += value.json;
  return true;
}

bool yaml_to_json::write_sequence(const yaml_node& node) {
  out_.json += '[';
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0)
      out_.json += ',';
    if (!write(node.children[i]))
      return false;
  }
  out_.json += ']';
  return true;
}

bool yaml_to_json::write_mapping(const yaml_node& node) {
  members all;
  if (!collect(node, all))
    return false;
  out_.json += '{';
  for (size_t i = 0; i < all.list.size(); ++i) {
    if (i > 0)
      out_.json += ',';
    auto& [key, value] = all.list[i];
    out_.places.add(out_.json.size(), tree_[value].at);
    append_json_string(out_.json, key);
    out_.json += ':';
    if (!write(value))
      return false;
  }
  out_.json += '}';
  return true;
}

/// Gathers the members of a mapping: its own first, merged ones where it has
/// none of that key.
bool yaml_to_json::collect(const yaml_node& node, members& out) {
  std::vector<size_t> merged;
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    std::string key;
    auto is_merge = false;
    if (!within_bounds(tree_[node.children[i]])
        || !key_of(node.children[i], key, is_merge))
      return false;
    if (is_merge) {
      merged.push_back(node.children[i + 1]);
      continue;
    }
    if (!out.index.emplace(key, out.list.size()).second && !doubles_)
      return fail(tree_[node.children[i]],
                  "key \"" + key.substr(0, 64)
                      + "\" is already set in this mapping");
    out.list.emplace_back(std::move(key), node.children[i + 1]);
  }
  for (auto source : merged)
    if (!merge(source, out))
      return false;
  return true;
}

bool yaml_to_json::merge(size_t index, members& out) {
  auto* node = &tree_[index];
  for (; node->is == yaml_node::type::alias; node = &tree_[node->target])
    if (!within_bounds(*node))
      return false;
  if (node->is == yaml_node::type::sequence) {
    for (auto child : node->children) {
      auto* element = &tree_[child];
      if (element->is == yaml_node::type::alias)
        element = &tree_[element->target];
      if (element->is != yaml_node::type::mapping)
        return fail(*element, "only mappings can be merged");
      if (!merge(child, out))
        return false;
    }
    return true;
  }
  if (node->is != yaml_node::type::mapping)
    return fail(*node, "only mappings can be merged");
  members others;
  ++depth_;
  auto done = within_bounds(*node) && collect(*node, others);
  --depth_;
  if (!done)
    return false;
  for (auto& [key, value] : others.list)
    if (out.index.emplace(key, out.list.size()).second)
      out.list.emplace_back(key, value);
  return true;
}

bool yaml_to_json::key_of(size_t index, std::string& out, bool& is_merge) {
  auto* node = &tree_[index];
  if (node->is == yaml_node::type::alias)
    node = &tree_[node->target];
  if (node->is == yaml_node::type::null)
    return fail(*node, "a key cannot be null");
  if (node->is != yaml_node::type::scalar)
    return fail(*node, "a key must be a string");
  auto value = value_of(*node);
  is_merge = value.meaning == yaml_meaning::merge && node->plain;
  if (value.meaning == yaml_meaning::null)
    return fail(*node, "a key cannot be null");
  if (value.meaning == yaml_meaning::not_json)
    return fail(*node, node->text + " cannot be a key");
  out = value.json.empty() ? node->text : value.json;
  return true;
}

} // namespace troupe::text
