#pragma once

#include "actors/apiserver/authenticator.hpp"
#include "messages/call.pb.h"
#include "runtime/system/signing_authority.hpp"

#include <caf/result.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <vector>

/// What the parts of the authenticator share.
namespace troupe::authenticating {

using pointer = authenticator_actor::stateful_pointer<authenticator_state>;
using promise =
    caf::typed_response_promise<pb<call::Response>, std::vector<object>>;
using on_found = std::function<void(expected<object>)>;

/// What this process knows of tokens; null for nothing.
const signing_authority* authority(pointer self);

/// Answers with an object.
void deliver(promise& to, const google::protobuf::Message& msg);
void fail(promise& to, caf::error why);

/// Goes on with an object, as far as a view knows it or, with `newest`, as it
/// is; none when there is none.
void look_up(pointer self, const object_ref& ref, bool newest, on_found next);

/// Makes a token that a service account may have.
caf::result<pb<call::Response>, std::vector<object>>
make_token(pointer self, const call::Request& msg, const object& body);

} // namespace troupe::authenticating
