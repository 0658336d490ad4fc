#include "runtime/http/https_connection.hpp"

#include <openssl/err.h>

#include <utility>

// What a connection says: answers, whole or in pieces.
namespace troupe::http {

namespace {

/// Pieces of an upgraded connection that the client may send before anybody
/// has allowed any.
constexpr uint32_t first_allowance = 16;

/// A body up to this goes with its head, which saves a write; a larger one goes
/// as it is, which saves a copy.
constexpr size_t most_copied = 32u << 10;

/// These have none, and so no length.
bool has_no_body(const response_head& head) {
  return head.status == 204 || head.status == 304;
}

} // namespace

void https_connection::answer(uint64_t exchange, response_head head,
                              std::string body) {
  if (second_) {
    second_->answer(exchange, head, std::move(body));
    return pump();
  }
  if (!is_present(exchange) || now_.begun)
    return;
  if (parser_.in_body())
    now_.keep_alive = false;
  auto bare = has_no_body(head);
  auto bytes = to_text(head, bare ? framing::none : framing::length,
                       body.size(), now_.keep_alive);
  auto whole = !now_.head_only && !bare;
  if (whole && body.size() <= most_copied)
    bytes += body;
  put(std::move(bytes));
  if (whole && body.size() > most_copied && phase_ != phase::closed)
    put(std::move(body));
  done();
}

void https_connection::begin(uint64_t exchange, response_head head) {
  if (second_) {
    second_->begin(exchange, head);
    return pump();
  }
  if (!is_present(exchange) || now_.begun)
    return;
  now_.begun = true;
  auto measured = !find_header(head.headers, "Content-Length").empty();
  now_.body = measured || has_no_body(head) ? framing::none
              : now_.old                    ? framing::until_close
                                            : framing::chunked;
  if (now_.old)
    now_.keep_alive = false;
  put(to_text(head, now_.body, 0, now_.keep_alive));
}

void https_connection::send(uint64_t exchange, std::string bytes) {
  if (second_) {
    second_->send(exchange, std::move(bytes));
    return pump();
  }
  if (!is_present(exchange) || !now_.begun)
    return;
  if (now_.head_only || bytes.empty()) {
    ++taken_;
    return tell_taken();
  }
  put(now_.body == framing::chunked ? to_chunk(bytes) : std::move(bytes),
      exchange);
}

void https_connection::end(uint64_t exchange, bool broken) {
  if (second_) {
    second_->end(exchange, broken);
    return pump();
  }
  if (!is_present(exchange) || !now_.begun)
    return;
  // What the client has said and nobody has read must not take along what is
  // on its way to it.
  if (phase_ == phase::raw)
    lingering_ = !broken;
  if (broken || phase_ == phase::raw)
    return finish();
  if (now_.body == framing::chunked && !now_.head_only)
    put("0\r\n\r\n");
  done();
}

void https_connection::done() {
  if (phase_ == phase::closed)
    return;
  auto keep = now_.keep_alive;
  now_ = {};
  touch();
  // Nobody wants the rest of what was to be passed on.
  if (parser_.in_body()) {
    lingering_ = true;
    keep = false;
  }
  if (!keep)
    return finish();
  take_requests();
  if (phase_ == phase::closed)
    return;
  read_some();
  wait();
}

void https_connection::upgrade(uint64_t exchange, response_head head) {
  // RFC 9113, 8.6: there is no such thing in HTTP/2.
  if (second_)
    return answer(exchange, {501, {}}, {});
  if (!is_present(exchange) || now_.begun)
    return;
  head.status = 101;
  now_.begun = true;
  phase_ = phase::raw;
  allowed_ = first_allowance;
  put(to_text(head, framing::none, 0, true));
  auto rest = parser_.take_rest();
  if (!rest.empty() && phase_ != phase::closed)
    take_bytes(rest);
  if (phase_ == phase::closed)
    return;
  read_some();
  wait();
}

void https_connection::allow(uint64_t exchange, uint32_t pieces) {
  if (second_) {
    second_->allow(exchange, pieces);
    return pump();
  }
  if (!is_present(exchange) || (phase_ != phase::raw && !parser_.in_body()))
    return;
  allowed_ += pieces;
  if (parser_.in_body()) {
    if (parser_.take_expectation())
      put("HTTP/1.1 100 Continue\r\n\r\n");
    pass_body();
    if (phase_ == phase::closed)
      return;
  }
  read_some();
  wait();
}

void https_connection::put(std::string bytes, uint64_t exchange) {
  if (out_.empty())
    touch();
  out_.push_back({std::move(bytes), exchange});
  if (!write_blocked_)
    write_some();
  wait();
}

void https_connection::write_some() {
  while (!out_.empty()) {
    auto& first = out_.front();
    ERR_clear_error();
    auto sent = SSL_write(ssl_.get(), first.bytes.data() + written_,
                          static_cast<int>(first.bytes.size() - written_));
    if (sent <= 0) {
      if (failed(sent))
        return abort();
      write_blocked_ = true;
      break;
    }
    touch();
    written_ += static_cast<size_t>(sent);
    if (written_ < first.bytes.size())
      continue;
    if (first.exchange != 0 && first.exchange == now_.exchange)
      ++taken_;
    out_.pop_front();
    written_ = 0;
  }
  tell_taken();
  if (!out_.empty() || !finishing_ || phase_ == phase::lingering)
    return;
  if (lingering_)
    begin_linger();
  else
    abort();
}

void https_connection::tell_taken() {
  if (taken_ == 0 || !tell_)
    return;
  event x;
  x.kind = event::type::taken;
  x.exchange = now_.exchange;
  x.pieces = std::exchange(taken_, 0);
  tell_(std::move(x));
}

} // namespace troupe::http
