#pragma once

#include "messages/errors.hpp"

#include <string>
#include <string_view>

/// Kubernetes' envelope of Protobuf bodies: four bytes, then a message that
/// says what is inside.
namespace troupe::http {

struct envelope {
  std::string api_version;
  std::string kind;
  std::string raw; ///< the object's own message
};

std::string wrap(std::string_view api_version, std::string_view kind,
                 std::string_view raw);

/// Fails with bad_request for what has no envelope.
expected<envelope> unwrap(std::string_view bytes);

/// Returns a frame of a watch: an event around a body in its envelope.
std::string frame_event(std::string_view type, std::string_view body);

/// Appends a length-delimited field of a message.
void append_field(std::string& out, uint32_t number, std::string_view value);

} // namespace troupe::http
