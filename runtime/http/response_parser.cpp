#include "runtime/http/response_parser.hpp"

#include "runtime/http/beast_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <utility>

namespace troupe::http {

namespace {

namespace beast = boost::beast;
using boost::optional;
using failure = beast::error_code;

} // namespace

class response_parser::machine : public beast_parser<false> {
public:
  machine(bool head_only, size_t longest_head) : beast_parser(longest_head) {
    body_limit(boost::none);
    skip(head_only);
  }

  response_head head;

private:
  void on_request_impl(beast::http::verb, text, text, int, failure&) override {}

  void on_response_impl(int code, text, int, failure&) override {
    head.status = code;
  }

  void on_head() override { head.headers = std::move(headers); }

  void on_body_init_impl(const optional<uint64_t>&, failure&) override {}
};

response_parser::response_parser(bool head_only, size_t longest_head)
    : head_only_(head_only), longest_head_(longest_head) {
  // nop
}

response_parser::~response_parser() = default;
response_parser::response_parser(response_parser&&) noexcept = default;
response_parser&
response_parser::operator=(response_parser&&) noexcept = default;

void response_parser::add(std::string_view bytes) {
  buffer_ += bytes;
}

void response_parser::end() {
  ended_ = true;
}

bool response_parser::has_length() const {
  return !find_header(head_.headers, "Content-Length").empty();
}

std::string response_parser::take_rest() {
  return std::exchange(buffer_, {});
}

/// What is to be done once a head is there.
response_parser::outcome response_parser::take_head() {
  auto code = machine_->head.status;
  if (code >= 100 && code < 200 && code != 101) {
    machine_.reset();
    return outcome::incomplete;
  }
  head_ = std::move(machine_->head);
  told_ = true;
  return outcome::head;
}

response_parser::outcome response_parser::next(std::string& out) {
  failure why;
  while (!refused_) {
    if (!machine_)
      machine_ = std::make_unique<machine>(head_only_, longest_head_);
    if (!told_ && machine_->is_header_done()) {
      if (take_head() == outcome::head)
        return outcome::head;
      continue;
    }
    if (told_ && !machine_->body.empty()) {
      out = std::exchange(machine_->body, {});
      return outcome::body;
    }
    if (told_ && (machine_->is_done() || head_.status == 101))
      return outcome::ended;
    if (!buffer_.empty() && !machine_->wants_more_than(buffer_.size())) {
      why = {};
      auto used = machine_->put(boost::asio::buffer(buffer_), why);
      buffer_.erase(0, used);
      refused_ = why == beast::http::error::need_more
                     ? machine_->is_too_long(buffer_.size())
                     : static_cast<bool>(why);
      if (used > 0 || refused_)
        continue;
    }
    if (!ended_)
      return outcome::incomplete;
    // A body without a length ends here; anything else is cut off.
    why = {};
    if (told_)
      machine_->put_eof(why);
    refused_ = !told_ || why || !machine_->is_done();
  }
  return outcome::refused;
}

} // namespace troupe::http
