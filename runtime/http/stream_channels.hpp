#pragma once

#include "runtime/http/websocket.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Kubernetes' protocols over WebSocket: each message begins with the number of
/// its channel.
namespace troupe::http {

/// Channels of exec and attach.
enum class remote_channel : uint8_t {
  input = 0,
  output = 1,
  errors = 2,
  status = 3, ///< how it ended
  resize = 4,
};

/// How messages are written in one subprotocol.
struct channel_form {
  bool base64 = false;    ///< text: a digit and base64, instead of bytes
  bool closes = false;    ///< v5: 255 and a channel's number say that it ends
  bool tells_all = false; ///< from v4 on the status is JSON, success too
};

/// Subprotocols of exec and attach, as Kubernetes serves them.
const std::vector<std::string>& remote_protocols();

/// Those of forwarded ports with a pair of channels for each, and the one that
/// carries SPDY.
const std::vector<std::string>& forward_protocols();
inline constexpr std::string_view spdy_forward_protocol =
    "SPDY/3.1+portforward.k8s.io";

/// Those of bytes that only come from the server: logs.
const std::vector<std::string>& reader_protocols();

/// Returns the form of any of them.
channel_form form_of_protocol(std::string_view protocol);

/// What a client says on a channel.
struct channel_data {
  uint8_t channel = 0;
  std::string data;
  bool end = false; ///< nothing follows on that channel
};

/// Returns what a message says; nothing when it says nothing: an empty one, or
/// base64 that is none.
std::optional<channel_data> read_channel(const channel_form& form,
                                         std::string_view message);

/// Returns the frame of a message on a channel.
std::string channel_frame(const channel_form& form, uint8_t channel,
                          std::string_view data);

/// The same without a channel, as reader_protocols() have it.
std::string reader_frame(const channel_form& form, std::string_view data);

/// A terminal's size, as clients write it: {"Width":80,"Height":24}. One of 0
/// or above 65535 is none.
struct terminal_size {
  uint32_t width = 0;
  uint32_t height = 0;
};

/// Takes sizes out of a stream of JSON documents.
class size_reader {
public:
  /// Returns the last size that is complete now, if there is any.
  std::optional<terminal_size> add(std::string_view bytes);

private:
  std::string buffer_;
};

} // namespace troupe::http
