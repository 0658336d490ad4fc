#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe::http {

/// What requests and answers have in common when Beast parses them: headers,
/// and a body in one string. Whoever derives says what the first line and the
/// end of the head mean.
template <bool IsRequest>
class beast_parser : public boost::beast::http::basic_parser<IsRequest> {
public:
  /// `longest` bounds the head, and what describes a chunk or stands behind the
  /// last one, in bytes.
  explicit beast_parser(size_t longest) : longest_(longest) {
    this->header_limit(static_cast<uint32_t>(longest));
    this->eager(true);
  }

  /// Whether with so many bytes the parser is not to be asked: the head of a
  /// chunk, and what must follow it, are no fewer than "0\r\n\r\n". Beast takes
  /// it for granted that it has these when it looks at the last one again.
  bool wants_more_than(size_t bytes) const {
    return is_between_chunks() && bytes < shortest_chunk;
  }

  /// Whether so many bytes that the parser could not make anything of are too
  /// many: Beast itself bounds the head and the body, and nothing between them.
  bool is_too_long(size_t bytes) const {
    return is_between_chunks() && bytes > longest_;
  }

  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

protected:
  using failure = boost::beast::error_code;
  using text = boost::beast::string_view;

  /// The head is whole.
  virtual void on_head() = 0;

private:
  static constexpr size_t shortest_chunk = 5;

  bool is_between_chunks() const {
    return head_is_over_ && this->chunked() && chunk_left_ == 0;
  }

  void on_field_impl(boost::beast::http::field, text name, text value,
                     failure&) final {
    // RFC 9110, 6.5.1: what comes behind a body is no header.
    if (!head_is_over_)
      headers.emplace_back(std::string{name.data(), name.size()},
                           std::string{value.data(), value.size()});
  }

  void on_header_impl(failure&) final {
    head_is_over_ = true;
    on_head();
  }

  size_t on_body_impl(text bytes, failure&) final {
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_chunk_header_impl(uint64_t size, text, failure&) final {
    chunk_left_ = size;
  }

  size_t on_chunk_body_impl(uint64_t left, text bytes, failure&) final {
    chunk_left_ = left - bytes.size();
    body.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_finish_impl(failure&) final {}

  size_t longest_;
  bool head_is_over_ = false;
  uint64_t chunk_left_ = 0; ///< bytes that the present chunk lacks
};

} // namespace troupe::http
