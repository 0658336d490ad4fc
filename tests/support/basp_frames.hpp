#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// What CAF's protocol between processes (BASP) looks like on the wire, written
/// by hand: for peers that do not mean well.
namespace troupe::test::basp {

enum operation : uint8_t {
  server_handshake,
  client_handshake,
  direct_message,
  routed_message,
  monitor_message,
  down_message,
  heartbeat,
};

/// Of a header; all but the operation may be left out.
struct fields {
  uint8_t operation;
  uint8_t flags = 0;
  uint64_t data = 0;
  uint64_t source = 0;
  uint64_t target = 0;
};

std::string number(uint64_t value, int bytes);
/// A text, or the bytes of a Protobuf message: their number comes first.
std::string text(std::string_view bytes);
/// The identity of a process that is made up.
std::string node(uint32_t process);
/// A handle of an actor.
std::string handle(uint64_t actor, const std::string& node);

/// A header and its payload; the header may tell of another size.
std::string frame(const fields& header, const std::string& payload = {});
std::string frame_of_size(const fields& header, uint32_t size);

/// The first that a client says.
std::string greeting(const std::string& node);
/// The second, once it uses this connection.
std::string selection(const std::string& node);

/// A message of values of these types.
std::string content(const std::vector<std::string>& types,
                    const std::string& values);
/// The same as a frame for an actor; `request` 0 for one without an answer.
std::string message(uint64_t source, uint64_t target,
                    const std::vector<std::string>& types,
                    const std::string& values, uint64_t request = 0);

/// The number of a message that answers a request.
constexpr uint64_t answer_to(uint64_t request) {
  return UINT64_C(1) << 63 | UINT64_C(1) << 60 | request;
}

} // namespace troupe::test::basp
