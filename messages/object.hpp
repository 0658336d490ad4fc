#pragma once

#include "messages/errors.hpp"
#include "messages/kinds.hpp"

#include <caf/intrusive_ptr.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe::meta::v1 {
class ObjectMeta;
} // namespace troupe::meta::v1

namespace troupe {

/// Any object of any kind: immutable, shared by reference, safe from any
/// thread. Holds the canonical bytes and a small header; the parsed message is
/// made when first asked for and kept.
///
/// The bytes never hold metadata.resourceVersion: the store's revision is the
/// one source, and the parsed message shows it.
class object {
public:
  object() noexcept;
  object(const object&) noexcept;
  object(object&&) noexcept;
  object& operator=(const object&) noexcept;
  object& operator=(object&&) noexcept;
  ~object();

  /// Makes an object of a message of some kind; its resourceVersion, if any,
  /// becomes the revision. Precondition: the message's type is a kind.
  static object of(const google::protobuf::Message& msg);
  static object of(std::unique_ptr<google::protobuf::Message> msg);

  /// Makes an object of stored bytes. Fails when they are no message of that
  /// kind.
  static expected<object> parse(const kind_info& kind, std::string bytes,
                                uint64_t revision);

  explicit operator bool() const noexcept { return cell_ != nullptr; }

  /// All of these have `*this` as a precondition.
  const kind_info& kind() const;
  const std::string& ns() const;
  const std::string& name() const;
  const std::string& uid() const;
  uint64_t revision() const;

  /// Returns "namespace/name", or "name" without a namespace.
  std::string key() const;

  const meta::v1::ObjectMeta& meta() const;
  const google::protobuf::Message& message() const;

  template <class T>
  const T& as() const {
    return static_cast<const T&>(message());
  }

  /// Returns a copy to change and make an object of again.
  template <class T>
  T copy() const {
    return static_cast<const T&>(message());
  }

  /// Returns a copy of the message to change.
  std::unique_ptr<google::protobuf::Message> clone() const;

  const std::string& bytes() const;

  /// Returns the same object at another revision. Of one that nobody else
  /// holds, what was parsed is kept.
  object with_revision(uint64_t revision) const&;
  object with_revision(uint64_t revision) &&;

  /// Returns whether both are the same but for the revision.
  bool same_content(const object& other) const;

  /// Identity of the shared cell, for tests of sharing.
  bool same_cell(const object& other) const { return cell_ == other.cell_; }

  struct cell;

  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, object& x) {
    if constexpr (Inspector::reads_state) {
      auto parts = x.to_wire();
      return f(parts.kind, parts.revision, parts.bytes);
    } else {
      wire_parts parts;
      if (auto err = f(parts.kind, parts.revision, parts.bytes))
        return err;
      return x.from_wire(std::move(parts));
    }
  }

private:
  struct wire_parts {
    std::string kind; ///< "apps/v1/Deployment"; "" for no object
    uint64_t revision = 0;
    std::string bytes;
  };

  explicit object(caf::intrusive_ptr<cell> ptr) noexcept;
  wire_parts to_wire() const;
  caf::error from_wire(wire_parts parts);

  caf::intrusive_ptr<cell> cell_;
};

/// For logs and unexpected messages: kind and key only, never the contents.
std::string to_string(const object& x);

/// Returns the metadata of a message of any kind; null when its type has none.
const meta::v1::ObjectMeta* metadata_of(const google::protobuf::Message& msg);
meta::v1::ObjectMeta* mutable_metadata_of(google::protobuf::Message& msg);

} // namespace troupe
