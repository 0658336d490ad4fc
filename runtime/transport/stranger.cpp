#include "runtime/transport/stranger.hpp"

#include "runtime/transport/tls_scribe.hpp"
#include "runtime/transport/wire_reader.hpp"

#include <array>

namespace troupe {

namespace {

constexpr size_t length_bytes = 4;

std::array<char, length_bytes> length_of(const std::string& text) {
  auto size = static_cast<uint32_t>(text.size());
  std::array<char, length_bytes> result{};
  for (size_t i = 0; i < length_bytes; ++i)
    result[i] = static_cast<char>(size >> (8 * (length_bytes - 1 - i)));
  return result;
}

} // namespace

stranger::stranger(std::shared_ptr<connection_book> book, int fd,
                   std::string address, welcome on_proof)
    : book_(std::move(book)),
      stream_(std::make_shared<tls_stream>(book_->where(), fd, book_->files())),
      address_(std::move(address)),
      on_proof_(std::move(on_proof)),
      began_(clock::now()),
      deadline_(began_ + book_->limits().handshake) {
  // nop
}

void stranger::open() {
  stream_->use(*this, this);
  stream_->open();
}

void stranger::send_away(const std::string& why) {
  caf::intrusive_ptr<stranger> keep{this};
  book_->forget(*this);
  if (stream_->closed())
    return;
  stream_->close();
  book_->refuse(address_, why);
}

void stranger::on_lost() {
  caf::intrusive_ptr<stranger> keep{this};
  book_->forget(*this);
  if (!answered_)
    book_->refuse(address_, "it left, or did not prove itself");
}

void stranger::on_proved() {
  auto protocol = stream_->session()->protocol();
  if (protocol == actors_protocol)
    become_actors();
  else if (protocol == join_protocol)
    deadline_ = began_ + book_->limits().join;
  else
    send_away("it speaks no protocol of ours");
}

void stranger::become_actors() {
  caf::intrusive_ptr<stranger> keep{this};
  auto who = stream_->session()->other_side();
  if (!who) {
    send_away(message_of(who.error()));
    return;
  }
  auto scribe = caf::make_counted<tls_scribe>(book_, stream_, std::move(*who),
                                              tls_scribe::side::accepted);
  if (auto err = book_->enter(*scribe)) {
    send_away(scribe->name() + ": " + message_of(err));
    return;
  }
  book_->forget(*this);
  stream_->use(*scribe, scribe);
  on_proof_(std::move(scribe));
}

// -- joining ------------------------------------------------------------------

void stranger::on_bytes(std::string_view bytes) {
  if (heard_)
    return;
  request_ += bytes;
  if (request_.size() < length_bytes)
    return;
  auto size = wire_reader{request_}.u32();
  if (size == 0 || size > book_->limits().join_request) {
    send_away("a request to join that is too large");
    return;
  }
  if (request_.size() - length_bytes < size)
    return;
  heard_ = true;
  hear(std::exchange(request_, {}).substr(length_bytes, size));
}

void stranger::hear(std::string request) {
  auto* handler = book_->hear_join();
  if (handler == nullptr) {
    send_away("too many want to join");
    return;
  }
  caf::intrusive_ptr<stranger> self{this};
  auto once = std::make_shared<std::atomic<bool>>(false);
  (*handler)(std::move(request), address_,
             [self, once, door = book_->door()](const std::string& text) {
               if (!once->exchange(true))
                 door->post([self, text] { self->answer(text); });
             });
}

void stranger::answer(const std::string& text) {
  if (stream_->closed())
    return;
  answered_ = true;
  auto& out = stream_->outgoing();
  auto length = length_of(text);
  out.insert(out.end(), length.begin(), length.end());
  out.insert(out.end(), text.begin(), text.end());
  stream_->finish();
}

} // namespace troupe
