#include "runtime/transport/tls_doorman.hpp"

#include "runtime/transport/stranger.hpp"
#include "runtime/transport/tls_scribe.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe {

namespace {

namespace net = caf::io::network;

/// Connections in a row, so that those that are there are not kept waiting.
constexpr int most_accepts = 32;

int open_spare() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

std::string text_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
              text, sizeof(text));
  else if (address.ss_family == AF_INET6)
    inet_ntop(AF_INET6,
              &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
              sizeof(text));
  return text;
}

} // namespace

/// The listening socket in the loop.
class tls_doorman::ear : public net::event_handler,
                         public std::enable_shared_from_this<ear> {
public:
  ear(net::default_multiplexer& loop, int fd) : event_handler(loop, fd) {}

  void open(caf::intrusive_ptr<tls_doorman> owner) {
    owner_ = std::move(owner);
    self_ = shared_from_this();
    activate();
  }

  void close() {
    if (self_)
      passivate();
  }

  void handle_event(net::operation op) override {
    auto owner = owner_;
    if (owner && op == net::operation::read)
      owner->accept_some();
  }

  void removed_from_loop(net::operation) override {
    auto owner = std::move(owner_);
    auto last = std::move(self_);
  }

  void graceful_shutdown() override { close(); }

private:
  caf::intrusive_ptr<tls_doorman> owner_;
  std::shared_ptr<ear> self_; ///< while it is in the loop
};

tls_doorman::tls_doorman(std::shared_ptr<connection_book> book, int fd)
    : doorman(net::accept_hdl_from_socket(fd)),
      book_(std::move(book)),
      ear_(std::make_shared<ear>(book_->where(), fd)),
      spare_(open_spare()) {
  // nop
}

tls_doorman::~tls_doorman() {
  if (spare_ >= 0)
    ::close(spare_);
}

void tls_doorman::launch() {
  ear_->open(this);
}

void tls_doorman::graceful_shutdown() {
  caf::intrusive_ptr<tls_doorman> self{this};
  ear_->close();
  detach(&book_->where(), false);
}

void tls_doorman::remove_from_loop() {
  ear_->close();
}

std::string tls_doorman::addr() const {
  auto found = net::local_addr_of_fd(ear_->fd());
  return found ? *found : std::string{};
}

uint16_t tls_doorman::port() const {
  auto found = net::local_port_of_fd(ear_->fd());
  return found ? *found : uint16_t{0};
}

void tls_doorman::accept_some() {
  for (int i = 0; i < most_accepts && !detached(); ++i)
    if (!accept_one())
      return;
}

bool tls_doorman::accept_one() {
  sockaddr_storage from{};
  socklen_t size = sizeof(from);
  auto fd = accept4(ear_->fd(), reinterpret_cast<sockaddr*>(&from), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0)
    switch (errno) {
      case EAGAIN:
        return false;
      case EMFILE:
      case ENFILE:
        return turn_away();
      case EINTR:
      case EPROTO:
      case ECONNABORTED:
        // It went before it was accepted.
        return true;
      default:
        rest();
        return false;
    }
  if (book_->closed()) {
    ::close(fd);
    return true;
  }
  caf::intrusive_ptr<tls_doorman> self{this};
  auto who = caf::make_counted<stranger>(
      book_, fd, text_of(from), [self](caf::intrusive_ptr<tls_scribe> proved) {
        if (self->detached()) {
          proved->break_off("nobody is at home");
          return;
        }
        auto handle = proved->hdl();
        self->parent()->add_scribe(std::move(proved));
        self->doorman::new_connection(&self->book_->where(), handle);
      });
  book_->admit(who);
  who->open();
  return true;
}

/// Descriptors are free again once the loop has let go of them, not now.
bool tls_doorman::turn_away() {
  auto made_room = false;
  for (int i = 0;
       i < most_accepts && book_->give_way("there is no room for it"); ++i)
    made_room = true;
  if (!made_room)
    refuse_one();
  // Others of this process may take what comes free; who waits outside would
  // keep the loop busy.
  rest();
  return false;
}

void tls_doorman::refuse_one() {
  if (spare_ < 0)
    spare_ = open_spare();
  if (spare_ < 0)
    return;
  ::close(spare_);
  auto fd = accept4(ear_->fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    ::close(fd);
    book_->refuse("a newcomer", "there are no descriptors left");
  }
  spare_ = open_spare();
}

void tls_doorman::rest() {
  ear_->close();
  caf::intrusive_ptr<tls_doorman> self{this};
  book_->later([self] {
    if (!self->detached())
      self->ear_->open(self);
  });
}

} // namespace troupe
