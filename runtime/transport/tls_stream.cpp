#include "runtime/transport/tls_stream.hpp"

#include <spdlog/spdlog.h>

#include <array>

namespace troupe {

namespace {

namespace net = caf::io::network;

/// One record of TLS: less would leave a part of it where the loop cannot see
/// it.
constexpr size_t record = size_t{16} << 10;
/// Records in a row, so that one peer does not keep the others waiting.
constexpr int most_reads = 32;
/// Capacity that a buffer may keep while nothing is in it.
constexpr size_t most_spare = size_t{64} << 10;

void empty(std::vector<char>& buffer) {
  buffer.clear();
  if (buffer.capacity() > most_spare)
    std::vector<char>{}.swap(buffer);
}

} // namespace

tls_stream::tls_stream(loop& where, native_socket fd,
                       std::shared_ptr<tls_files> files)
    : event_handler(where, fd), files_(std::move(files)) {
  // nop
}

tls_stream::tls_stream(loop& where, native_socket fd, tls_session session)
    : event_handler(where, fd),
      session_(std::make_unique<tls_session>(std::move(session))),
      proved_(true) {
  // nop
}

void tls_stream::use(stream_user& user,
                     caf::intrusive_ptr<caf::ref_counted> keep) {
  user_ = &user;
  keep_ = std::move(keep);
}

void tls_stream::open() {
  if (reads_)
    return;
  reads_ = shared_from_this();
  activate();
}

void tls_stream::close(bool goodbye) {
  if (user_ == nullptr)
    return;
  if (goodbye && proved_) {
    while (waiting() > 0 && write_some() == state::success)
      ;
    session_->say_goodbye();
  }
  user_ = nullptr;
  // Whoever called may live in it.
  backend().post([keep = std::move(keep_)] {});
  empty(outgoing_);
  empty(sending_);
  sent_ = 0;
  if (reads_) {
    passivate();
    let_go(reads_, net::input_mask);
  }
  want_write(false);
}

/// What was put in and taken out within one turn of the loop was never in it:
/// nobody will say that it is removed.
void tls_stream::let_go(std::shared_ptr<tls_stream>& held, int mask) {
  if ((eventbf() & mask) == 0)
    backend().post([last = std::move(held)] {});
}

void tls_stream::lose() {
  auto* user = user_;
  auto keep = keep_;
  close();
  if (user != nullptr)
    user->on_lost();
}

void tls_stream::finish() {
  finishing_ = true;
  if (waiting() == 0)
    lose();
  else
    flush();
}

void tls_stream::want_write(bool wish) {
  if (wish == writing_)
    return;
  writing_ = wish;
  if (wish) {
    writes_ = shared_from_this();
    backend().add(net::operation::write, fd(), this);
  } else {
    backend().del(net::operation::write, fd(), this);
    let_go(writes_, net::output_mask);
  }
}

void tls_stream::flush() {
  if (proved_ && waiting() > 0 && user_ != nullptr)
    want_write(true);
}

void tls_stream::removed_from_loop(net::operation op) {
  // The last of them may be what keeps this alive.
  if (op == net::operation::read)
    auto last = std::move(reads_);
  else if (op == net::operation::write && !writing_)
    auto last = std::move(writes_);
}

void tls_stream::handle_event(net::operation op) {
  auto self = shared_from_this();
  if (user_ == nullptr)
    return;
  switch (op) {
    case net::operation::read:
      read();
      break;
    case net::operation::write:
      if (proved_)
        write();
      else
        read();
      break;
    case net::operation::propagate_error:
      lose();
      break;
  }
}

bool tls_stream::begin() {
  auto context = files_->current();
  if (!context) {
    spdlog::error("connection refused reason={}", message_of(context.error()));
    return false;
  }
  auto made =
      tls_session::make(std::move(*context), fd(), tls_session::side::server);
  if (!made) {
    spdlog::error("connection refused reason={}", message_of(made.error()));
    return false;
  }
  session_ = std::make_unique<tls_session>(std::move(*made));
  files_ = nullptr;
  return true;
}

/// Goes on with the proof. Returns whether it is complete.
bool tls_stream::prove() {
  switch (session_->greet()) {
    case state::failure:
      lose();
      return false;
    case state::indeterminate:
      want_write(session_->wants_write());
      return false;
    default:
      break;
  }
  want_write(false);
  proved_ = true;
  user_->on_proved();
  flush();
  return user_ != nullptr;
}

void tls_stream::read() {
  if (!session_ && !begin())
    return lose();
  if (!proved_ && !prove())
    return;
  std::array<char, record> bytes;
  for (int i = 0; i < most_reads && user_ != nullptr; ++i) {
    size_t size = 0;
    switch (session_->read_some(size, bytes.data(), bytes.size())) {
      case state::indeterminate:
        return;
      case state::failure:
        return lose();
      default:
        user_->on_bytes({bytes.data(), size});
    }
  }
}

tls_stream::state tls_stream::write_some() {
  if (sent_ == sending_.size()) {
    sent_ = 0;
    empty(sending_);
    sending_.swap(outgoing_);
  }
  size_t size = 0;
  auto result = session_->write_some(size, sending_.data() + sent_,
                                     sending_.size() - sent_);
  sent_ += size;
  if (sent_ == sending_.size()) {
    sent_ = 0;
    empty(sending_);
  }
  return result;
}

void tls_stream::write() {
  if (write_some() == state::failure)
    return lose();
  if (waiting() > 0)
    return;
  want_write(false);
  if (finishing_)
    lose();
}

} // namespace troupe
