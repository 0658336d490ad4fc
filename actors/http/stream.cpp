#include "actors/http/stream.hpp"

#include "actors/http/connection_parts.hpp"

#include <algorithm>

namespace troupe {

void http_door::add_audit_id(http::response_head& head) const {
  // What is behind a proxy may have one of its own.
  std::erase_if(head.headers, [](auto& header) {
    return http::same_word(header.first, "Audit-Id");
  });
  head.headers.push_back(serving_http::audit_header(x_->audit_id));
}

void http_door::refuse(const caf::error& why) {
  serving_http::refuse(*edge_, connection_, *x_, why);
}

void http_door::answer(http::response_head head, std::string body) {
  add_audit_id(head);
  edge_->answer(connection_, x_->number, std::move(head), std::move(body));
}

void http_door::answer_text(int status, const std::string& text) {
  answer({status, {{"Content-Type", "text/plain; charset=utf-8"}}}, text);
}

void http_door::begin(http::response_head head) {
  add_audit_id(head);
  edge_->begin(connection_, x_->number, std::move(head));
}

void http_door::upgrade(http::response_head head) {
  add_audit_id(head);
  edge_->upgrade(connection_, x_->number, std::move(head));
}

void http_door::send(std::string piece) {
  if (piece.empty())
    return;
  ++on_the_way_;
  edge_->send(connection_, x_->number, std::move(piece));
}

void http_door::allow(uint32_t pieces) {
  if (pieces > 0)
    edge_->allow(connection_, x_->number, pieces);
}

void http_door::end(bool broken) {
  edge_->end(connection_, x_->number, broken);
}

size_t http_door::taken(uint32_t pieces) {
  on_the_way_ -= std::min<size_t>(on_the_way_, pieces);
  return on_the_way_;
}

void stream_input::add(std::string bytes) {
  if (bytes.empty() || ends_)
    return;
  waiting_ += bytes.size();
  // What was typed goes in few chunks.
  if (!parts_.empty()
      && parts_.back().size() + bytes.size() <= longest_stream_chunk)
    parts_.back() += bytes;
  else
    parts_.push_back(std::move(bytes));
}

bool stream_input::next(container::StreamData& out) {
  if (allowed_ == 0 || ended_ || (parts_.empty() && !ends_))
    return false;
  --allowed_;
  out.set_channel(container::STDIN);
  if (!parts_.empty()) {
    auto& first = parts_.front();
    out.set_data(first.substr(0, longest_stream_chunk));
    if (first.size() <= longest_stream_chunk)
      parts_.pop_front();
    else
      first.erase(0, longest_stream_chunk);
    waiting_ -= out.data().size();
  }
  if (parts_.empty() && ends_) {
    ended_ = true;
    out.set_end(true);
  }
  return true;
}

} // namespace troupe
