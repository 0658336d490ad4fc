#include "tests/support/basp_frames.hpp"

#include <caf/atom.hpp>
#include <caf/node_id.hpp>

namespace troupe::test::basp {

std::string number(uint64_t value, int bytes) {
  std::string result;
  for (int i = bytes - 1; i >= 0; --i)
    result += static_cast<char>(value >> (8 * i));
  return result;
}

std::string text(std::string_view bytes) {
  std::string result;
  auto size = bytes.size();
  do {
    auto rest = size >> 7;
    result += static_cast<char>((size & 0x7f) | (rest > 0 ? 0x80 : 0));
    size = rest;
  } while (size > 0);
  return result += bytes;
}

std::string node(uint32_t process) {
  constexpr auto kind =
      static_cast<uint64_t>(caf::node_id::default_data::class_id);
  return number(kind, 8) + number(process, 4)
         + std::string(caf::node_id::default_data::host_id_size, 'h');
}

std::string handle(uint64_t actor, const std::string& node) {
  return number(actor, 8) + node;
}

std::string frame_of_size(const fields& header, uint32_t size) {
  return number(header.operation, 1) + number(0, 2) + number(header.flags, 1)
         + number(size, 4) + number(header.data, 8) + number(header.source, 8)
         + number(header.target, 8);
}

std::string frame(const fields& header, const std::string& payload) {
  return frame_of_size(header, static_cast<uint32_t>(payload.size())) + payload;
}

std::string greeting(const std::string& node) {
  return frame({client_handshake}, node);
}

std::string selection(const std::string& node) {
  return frame({client_handshake, 2}, node);
}

std::string content(const std::vector<std::string>& types,
                    const std::string& values) {
  std::string names = "@<>";
  for (auto& each : types)
    names += "+" + each;
  return number(0, 2) + text(names) + values;
}

std::string message(uint64_t source, uint64_t target,
                    const std::vector<std::string>& types,
                    const std::string& values, uint64_t request) {
  auto data = (request >> 60 & 3) == 0 ? UINT64_C(1) << 60 | request : request;
  return frame({direct_message, 0, data, source, target},
               number(0, 1) + content(types, values));
}

} // namespace troupe::test::basp
