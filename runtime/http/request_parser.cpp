#include "runtime/http/request_parser.hpp"

#include "runtime/http/beast_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <utility>

namespace troupe::http {

namespace {

namespace beast = boost::beast;
using boost::optional;
using failure = beast::error_code;

/// Only these limits make sense of the stream; the rest is no HTTP.
int status_of(const failure& why) {
  if (why == beast::http::error::header_limit)
    return 431;
  if (why == beast::http::error::body_limit)
    return 413;
  return 400;
}

size_t count_of(const request& what, std::string_view name) {
  return static_cast<size_t>(
      std::count_if(what.headers.begin(), what.headers.end(),
                    [&](auto& h) { return same_word(h.first, name); }));
}

/// What keeps a head from being one that is served, in Go's words; without a
/// text when nothing does.
request_parser::reason wrong_with(const request& what) {
  auto hosts = count_of(what, "Host");
  if (hosts > 1)
    return {400, "too many Host headers"};
  if (hosts == 0 && what.version >= 11)
    return {400, "missing required Host header"};
  // RFC 9112, 6.1: where a body ends only this one tells. Whatever stands
  // behind a head with another would be read as the next request.
  auto codings = count_of(what, "Transfer-Encoding");
  if (codings > 1
      || (codings == 1
          && !same_word(find_header(what.headers, "Transfer-Encoding"),
                        "chunked")))
    return {501, "Unsupported transfer encoding"};
  auto expected = find_header(what.headers, "Expect");
  if (!expected.empty() && !same_word(expected, "100-continue"))
    return {417, "Expectation Failed"};
  return {};
}

} // namespace

class request_parser::machine : public beast_parser<true> {
public:
  explicit machine(const request_limits& limits)
      : beast_parser(limits.head), in_pieces_(limits.in_pieces) {
    body_limit(limits.body);
  }

  request result; ///< its head
  bool continues = false;
  bool streams = false; ///< its body comes in pieces
  reason wrong{0, {}};
  failure late; ///< of such a body: its request is told before

private:
  void on_request_impl(beast::http::verb, text method, text target, int version,
                       failure&) override {
    result.method.assign(method.data(), method.size());
    result.target.assign(target.data(), target.size());
    result.version = version;
    streams = in_pieces_ != nullptr && in_pieces_(result);
    if (streams)
      body_limit(boost::none);
  }

  void on_response_impl(int, text, int, failure&) override {}

  void on_head() override {
    result.headers = std::move(headers);
    wrong = wrong_with(result);
    streams = streams && (chunked() || content_length().value_or(0) > 0);
    continues =
        same_word(find_header(result.headers, "Expect"), "100-continue");
  }

  void on_body_init_impl(const optional<uint64_t>& size, failure&) override {
    if (size && *size <= (1u << 20) && !streams)
      body.reserve(*size);
  }

  bool (*in_pieces_)(const request&);
};

request_parser::request_parser(request_limits limits) : limits_(limits) {}
request_parser::~request_parser() = default;
request_parser::request_parser(request_parser&&) noexcept = default;
request_parser& request_parser::operator=(request_parser&&) noexcept = default;

void request_parser::add(std::string_view bytes) {
  buffer_ += bytes;
}

request_parser::outcome request_parser::refuse(int status,
                                               std::string message) {
  refusal_ = {status, std::move(message)};
  in_body_ = false;
  buffer_.clear();
  machine_.reset();
  return outcome::refused;
}

request_parser::outcome request_parser::next(request& out) {
  if (!refusal_.message.empty())
    return outcome::refused;
  if (!machine_) {
    // Kubernetes' clients do not, but RFC 9112 wants empty lines before a
    // request to be skipped.
    auto start = std::min(buffer_.find_first_not_of("\r\n"), buffer_.size());
    buffer_.erase(0, start);
    if (buffer_.empty())
      return outcome::incomplete;
    machine_ = std::make_unique<machine>(limits_);
  }
  if (parse() == outcome::refused)
    return outcome::refused;
  if (machine_->is_header_done() && machine_->streams)
    return take_head(out);
  if (!machine_->is_done())
    return outcome::incomplete;
  out = std::move(machine_->result);
  out.body = std::move(machine_->body);
  out.keep_alive = machine_->keep_alive();
  machine_.reset();
  return outcome::ready;
}

/// Reads on as far as the bytes go, but not into the next request.
request_parser::outcome request_parser::parse() {
  while (!buffer_.empty() && !machine_->is_done() && !machine_->late
         && !machine_->wants_more_than(buffer_.size())) {
    failure why;
    auto used = machine_->put(boost::asio::buffer(buffer_), why);
    buffer_.erase(0, used);
    if (why == beast::http::error::need_more) {
      if (!machine_->is_too_long(buffer_.size()))
        break;
      why = beast::http::error::header_limit;
    }
    if (why && machine_->streams && machine_->is_header_done())
      machine_->late = why;
    else if (why)
      return refuse(status_of(why), why.message());
    if (used == 0)
      break;
  }
  if (auto wrong = machine_->wrong; !wrong.message.empty())
    return refuse(wrong.status, wrong.message);
  return outcome::incomplete;
}

request_parser::outcome request_parser::take_head(request& out) {
  out = std::move(machine_->result);
  out.keep_alive = machine_->keep_alive();
  machine_->result = {};
  in_body_ = true;
  return outcome::ready;
}

request_parser::outcome request_parser::next_piece(std::string& out) {
  if (!refusal_.message.empty())
    return outcome::refused;
  if (!in_body_)
    return outcome::incomplete;
  if (parse() == outcome::refused)
    return outcome::refused;
  out = std::exchange(machine_->body, {});
  if (!out.empty())
    return outcome::ready;
  if (machine_->late)
    return refuse(status_of(machine_->late), machine_->late.message());
  if (!machine_->is_done())
    return outcome::incomplete;
  machine_.reset();
  in_body_ = false;
  return outcome::ended;
}

bool request_parser::begun() const {
  return machine_ != nullptr || !buffer_.empty();
}

bool request_parser::take_expectation() {
  return machine_ && std::exchange(machine_->continues, false);
}

size_t request_parser::waiting() const {
  return buffer_.size();
}

std::string request_parser::take_rest() {
  machine_.reset();
  in_body_ = false;
  return std::exchange(buffer_, {});
}

} // namespace troupe::http
