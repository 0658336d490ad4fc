#pragma once

#include "messages/errors.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/yaml_reader.hpp"
#include "runtime/text/yaml_tree.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// Writes a YAML document as JSON: resolves scalars, follows aliases, merges.
class yaml_to_json {
public:
  /// With `doubles`, keys that occur twice are written twice; else they are an
  /// error.
  yaml_to_json(const yaml_tree& tree, const read_options& options,
               bool doubles = false)
      : tree_(tree), options_(options), doubles_(doubles) {
    // nop
  }

  expected<json_source> convert();

private:
  /// The members of a mapping by key, in the order of their appearance.
  struct members {
    std::vector<std::pair<std::string, size_t>> list; ///< key, node of value
    std::map<std::string, size_t, std::less<>> index; ///< key to place in list
  };

  bool write(size_t node);
  bool write_scalar(const yaml_node& node);
  bool write_sequence(const yaml_node& node);
  bool write_mapping(const yaml_node& node);
  bool collect(const yaml_node& node, members& out);
  bool merge(size_t node, members& out);
  bool key_of(size_t node, std::string& out, bool& is_merge);
  bool within_bounds(const yaml_node& node);
  bool fail(const yaml_node& node, std::string_view why);

  const yaml_tree& tree_;
  const read_options& options_;
  bool doubles_;
  json_source out_;
  int depth_ = 0;
  size_t work_ = 0;
  caf::error error_;
};

} // namespace troupe::text
