#pragma once

#include "runtime/text/json_scanner.hpp"

#include <yaml-cpp/eventhandler.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::text {

/// A node of a YAML document as it was written; aliases are not followed.
struct yaml_node {
  enum class type : uint8_t { scalar, null, sequence, mapping, alias };

  type is = type::null;
  bool plain = false;           ///< a scalar without quotes
  std::string tag;              ///< "" for none
  std::string text;             ///< of a scalar
  size_t target = 0;            ///< of an alias
  std::vector<size_t> children; ///< of a mapping: key, value, key, value, ...
  text_place at;
};

/// Collects the events of a document.
class yaml_tree : public YAML::EventHandler {
public:
  const yaml_node& operator[](size_t i) const { return nodes_[i]; }
  bool empty() const { return nodes_.empty(); }
  size_t size() const { return nodes_.size(); }

  /// Whether this document starts where the one before did: the parser does
  /// not get past some stray brackets, and would not end.
  bool stuck() const { return stuck_; }
  text_place start() const { return start_place_; }

  /// A place as people count, from 1.
  static text_place place_of(const YAML::Mark& mark);

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override;
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override;
  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override;

private:
  size_t add(yaml_node::type is, const YAML::Mark& mark, YAML::anchor_t anchor);

  bool stuck_ = false;
  int start_ = -1;
  text_place start_place_;
  std::vector<yaml_node> nodes_;
  std::vector<size_t> open_;
  std::unordered_map<YAML::anchor_t, size_t> anchors_;
};

} // namespace troupe::text
