#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class Message;
} // namespace google::protobuf

namespace troupe {

/// One kind of the API: what discovery, registry, command line, RBAC and codec
/// know of it. There is one instance per kind and it is never changed, so that
/// its address identifies the kind.
struct kind_info {
  std::string_view group;   ///< "" for core, "apps", ...
  std::string_view version; ///< "v1"
  std::string_view kind;    ///< "Pod"
  std::string_view plural;  ///< "pods"; "" when only a body of subresources
  std::string_view singular;
  std::vector<std::string_view> short_names;
  std::vector<std::string_view> categories;
  bool namespaced;
  std::vector<std::string_view> verbs;
  std::vector<std::string_view> subresources;
  bool acted_on;               ///< some component acts on objects of this kind
  std::string_view proto_name; ///< full name of its Protobuf message

  /// Returns the descriptor of the kind's message; never null.
  const google::protobuf::Descriptor* descriptor() const;

  /// Returns an empty message of this kind.
  std::unique_ptr<google::protobuf::Message> make() const;

  /// Returns "v1" or "apps/v1".
  std::string api_version() const;

  /// Returns "pods" or "deployments.apps", as error messages name it.
  std::string qualified_plural() const;

  bool has_verb(std::string_view verb) const;
  bool has_subresource(std::string_view name) const;
};

/// Returns all kinds, in the order of discovery.
const std::vector<kind_info>& all_kinds();

/// Returns null when there is none.
const kind_info* find_kind(std::string_view api_version, std::string_view kind);

/// Returns null when there is none.
const kind_info* find_resource(std::string_view group, std::string_view plural);

/// Returns the kind that a person means by "po", "pods", "Pod", "deploy",
/// "deployments.apps" or "deployments.v1.apps"; null when there is none. The
/// core group and older names win.
const kind_info* find_by_alias(std::string_view word);

/// Returns the kind of a message; null when the message is no kind.
const kind_info* find_by_descriptor(const google::protobuf::Descriptor* type);

/// Returns the kind of a generated message type.
template <class T>
const kind_info& kind_of() {
  static const kind_info* info = find_by_descriptor(T::descriptor());
  return *info;
}

} // namespace troupe
