#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/rule_context.hpp"

#include <string>
#include <vector>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

/// What the API server does to an object of any kind between decoding and
/// storing it. All of these are pure; the kind is that of the message, and a
/// kind without rules of its own gets the general ones.
namespace troupe::rules {

/// Writes the values that Kubernetes writes for what was left out. Also moves
/// a Secret's stringData into its data. Doing it twice changes nothing.
void apply_defaults(google::protobuf::Message& obj);

/// Clears what a client cannot set on create (status where it is a
/// subresource, deletion fields, generation) and sets the first values of what
/// the server keeps (generation 1, a Pod's phase and QoS class). Name, uid and
/// creationTimestamp are the caller's business.
void prepare_for_create(google::protobuf::Message& obj);

/// Keeps from `old` what a write to the main resource cannot change: status,
/// the metadata that the server keeps and the client left out, values that
/// were allocated. Raises generation when what is wished has changed.
void prepare_for_update(google::protobuf::Message& obj,
                        const google::protobuf::Message& old);

/// Keeps everything from `old` but the status; of the metadata uid, version,
/// managers and, for most kinds, what is said of the object come from `obj`.
void prepare_for_status_update(google::protobuf::Message& obj,
                               const google::protobuf::Message& old);

/// Returns what is wrong with an object to be created; empty when nothing is.
std::vector<field_error> validate_create(const google::protobuf::Message& obj,
                                         const rule_context& context = {});

/// Returns what is wrong with `obj` as the new state of `old`, fields that
/// cannot change included. Both have gone through prepare_for_update.
std::vector<field_error> validate_update(const google::protobuf::Message& obj,
                                         const google::protobuf::Message& old,
                                         const rule_context& context = {});

/// The same for a write to the status subresource.
std::vector<field_error>
validate_status_update(const google::protobuf::Message& obj,
                       const google::protobuf::Message& old);

/// Returns what is accepted but probably not what the user meant.
std::vector<std::string> warnings(const google::protobuf::Message& obj);

/// Returns Conflict when `obj` names another uid or another resourceVersion
/// than those of the stored object, and an empty error otherwise.
caf::error check_preconditions(const google::protobuf::Message& obj,
                               const google::protobuf::Message& old,
                               const std::string& stored_version);

} // namespace troupe::rules
