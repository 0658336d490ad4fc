#pragma once

#include <string_view>
#include <vector>

namespace troupe::fuzz {

/// One way in for bytes of strangers. Whatever is wrong with the product ends
/// the process.
struct target {
  std::string_view name;
  void (*run)(std::string_view bytes);
};

const std::vector<target>& targets();

/// Ends the process unless it holds.
void demand(bool holds, const char* what);

void http(std::string_view bytes);
void http2(std::string_view bytes);
void json(std::string_view bytes);
void yaml(std::string_view bytes);
void protobuf(std::string_view bytes);
void patch(std::string_view bytes);
void selector(std::string_view bytes);
void websocket(std::string_view bytes);
void spdy(std::string_view bytes);
void spdyheaders(std::string_view bytes);
void remote(std::string_view bytes);
void forward(std::string_view bytes);
void response(std::string_view bytes);
void token(std::string_view bytes);
void dns(std::string_view bytes);
void image(std::string_view bytes);

} // namespace troupe::fuzz
