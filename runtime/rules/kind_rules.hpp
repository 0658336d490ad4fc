#pragma once

#include "runtime/rules/findings.hpp"
#include "runtime/rules/warning.hpp"

#include <google/protobuf/message.h>

#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::rules {

/// The form that a kind's names have.
enum class name_form : char { subdomain, label, label_1035, path_segment };

/// What one kind adds to the general rules; null where it adds nothing.
struct kind_rules {
  using message = google::protobuf::Message;

  name_form names = name_form::subdomain;

  /// Whether metadata.generation counts changes of the spec (or, without one,
  /// of everything but metadata).
  bool generations = false;

  /// A node registers itself with its status: create keeps it.
  bool status_on_create = false;

  /// Changes of annotations count as changes of the spec.
  bool annotations_raise_generation = false;

  /// An update has to say which version it changes.
  bool version_on_update = false;

  /// Conditional defaults that need more than one message of the object.
  void (*defaults)(message&) = nullptr;

  void (*prepare_create)(message&) = nullptr;
  void (*prepare_update)(message&, const message& old) = nullptr;

  void (*prepare_status)(message&) = nullptr;

  /// What holds on create and on update.
  void (*validate)(const message&, findings&) = nullptr;
  void (*validate_create)(const message&, findings&) = nullptr;
  void (*validate_update)(const message&, const message& old,
                          findings&) = nullptr;
  void (*validate_status)(const message&, const message& old,
                          findings&) = nullptr;

  void (*warnings)(const message&, std::vector<warning>&) = nullptr;
};

/// The rules of all kinds, filled once and never changed.
class registry {
public:
  template <class T>
  kind_rules& of() {
    return rules_[T::descriptor()];
  }

  const kind_rules& find(const google::protobuf::Message& obj) const;

private:
  std::unordered_map<const google::protobuf::Descriptor*, kind_rules> rules_;
};

/// Returns the rules of the message's kind; empty ones when it has none.
const kind_rules& rules_of(const google::protobuf::Message& obj);

/// Turns a function on a kind's own type into one on any message.
template <class T, void (*F)(T&)>
void apply(google::protobuf::Message& obj) {
  F(static_cast<T&>(obj));
}

template <class T, void (*F)(T&, const T&)>
void apply_from(google::protobuf::Message& obj,
                const google::protobuf::Message& old) {
  F(static_cast<T&>(obj), static_cast<const T&>(old));
}

template <class T, void (*F)(const T&, findings&)>
void check(const google::protobuf::Message& obj, findings& out) {
  F(static_cast<const T&>(obj), out);
}

template <class T, void (*F)(const T&, const T&, findings&)>
void check_from(const google::protobuf::Message& obj,
                const google::protobuf::Message& old, findings& out) {
  F(static_cast<const T&>(obj), static_cast<const T&>(old), out);
}

template <class T, void (*F)(const T&, std::vector<warning>&)>
void warn(const google::protobuf::Message& obj, std::vector<warning>& out) {
  F(static_cast<const T&>(obj), out);
}

} // namespace troupe::rules
