#pragma once

#include "runtime/http/http_message.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::http {

/// Takes one answer of HTTP/1.1 out of a stream of bytes: its head, then its
/// body in pieces as they come, whatever framing it has. Interim answers (100,
/// 103) are passed over.
class response_parser {
public:
  enum class outcome {
    incomplete, ///< more bytes are needed
    head,       ///< `head` is there; once
    body,       ///< a piece is in `out`
    ended,      ///< all of it is there
    refused,    ///< this is no HTTP, or the stream ended too early
  };

  /// `head_only`: the answer to a HEAD, which has no body whatever it says.
  explicit response_parser(bool head_only, size_t longest_head = 64u << 10);
  ~response_parser();
  response_parser(response_parser&&) noexcept;
  response_parser& operator=(response_parser&&) noexcept;

  void add(std::string_view bytes);
  /// No more bytes come.
  void end();

  outcome next(std::string& out);

  const response_head& head() const { return head_; }

  /// Whether the length of the body is told in the head.
  bool has_length() const;

  /// After a head with status 101: the bytes that are the other protocol's.
  std::string take_rest();

private:
  class machine;

  outcome take_head();

  bool head_only_;
  size_t longest_head_;
  std::string buffer_;
  std::unique_ptr<machine> machine_;
  response_head head_;
  bool told_ = false; ///< the head
  bool ended_ = false;
  bool refused_ = false;
};

} // namespace troupe::http
