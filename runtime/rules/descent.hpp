#pragma once

#include "messages/api/options.pb.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::rules {

/// The parts of a message type that a walk has to visit, so that it does not
/// look at the rest: fields that interest it and those that lead to them.
struct descent {
  struct step {
    const google::protobuf::FieldDescriptor* field;
    const api::FieldRules* rules;
    const descent* below; ///< what to visit in the member; null: nothing
    bool wanted;          ///< the field itself interests the walk
  };

  const google::protobuf::Descriptor* type;
  bool wanted = false;   ///< the message itself interests the walk
  bool standing = false; ///< visits even an empty message: something is to be
                         ///< found in it or in members that always exist
  std::vector<step> steps;
};

/// Descents into all types that a walk may meet, made on first use of a type
/// and complete before the first walk.
class descents {
public:
  using field_test = bool (*)(const google::protobuf::FieldDescriptor&,
                              const api::FieldRules&);
  using type_test = bool (*)(const google::protobuf::Descriptor&);

  /// Prepares descents for every kind.
  descents(field_test field, type_test type);

  /// Returns null when nothing below `type` interests the walk.
  const descent* find(const google::protobuf::Descriptor* type) const;

private:
  descent* make(const google::protobuf::Descriptor* type);
  void prune();
  void mark_standing();

  field_test field_;
  type_test type_;
  std::unordered_map<const google::protobuf::Descriptor*,
                     std::unique_ptr<descent>>
      all_;
};

/// Returns the options of a field.
const api::FieldRules& rules_of(const google::protobuf::FieldDescriptor& field);

} // namespace troupe::rules
