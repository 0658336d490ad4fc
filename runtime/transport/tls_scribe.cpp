#include "runtime/transport/tls_scribe.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/send.hpp>

namespace troupe {

namespace {

namespace net = caf::io::network;

/// Our identity, as it lies on the wire.
std::string node_of(caf::actor_system& system) {
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  auto node = system.node();
  if (sink(node))
    return {};
  return {bytes.begin(), bytes.end()};
}

frame_guard::settings settings_of(connection_book& book, const peer& who,
                                  bool dialled) {
  auto& shares = book.limits().of(who.role);
  return {who.role, dialled, shares.frame, shares.actors,
          node_of(book.where().system())};
}

caf::node_id read_node(caf::actor_system& system, const std::string& bytes) {
  caf::node_id result;
  caf::binary_deserializer source{system, bytes.data(), bytes.size()};
  return source(result) ? caf::node_id{} : result;
}

std::string address_of(int fd) {
  auto address = net::remote_addr_of_fd(fd);
  auto port = net::remote_port_of_fd(fd);
  return address && port ? *address + ":" + std::to_string(*port) : "nowhere";
}

} // namespace

tls_scribe::tls_scribe(std::shared_ptr<connection_book> book,
                       std::shared_ptr<tls_stream> stream, peer who, side from)
    // Not the descriptor, which is another's before CAF has done with this.
    : scribe(caf::io::connection_handle::from_int(book->next_id())),
      book_(std::move(book)),
      stream_(std::move(stream)),
      who_(std::move(who)),
      from_(from),
      address_(address_of(stream_->fd())),
      since_(connection_book::clock::now()),
      guard_(settings_of(*book_, who_, from == side::dialled)) {
  // nop
}

tls_scribe::~tls_scribe() = default;

std::string tls_scribe::name() const {
  return who_.who.user + "@" + address_;
}

void tls_scribe::break_off(std::string why) {
  if (broken_ || stream_->closed())
    return;
  broken_ = true;
  book_->refuse(name(), why);
  // Not now: whoever calls may be in the middle of CAF's own lists.
  caf::intrusive_ptr<tls_scribe> self{this};
  stream_->backend().post([self] {
    if (!self->stream_->closed()) {
      self->stream_->close();
      self->on_lost();
    }
  });
}

/// CAF judges by when it heard last, and takes one that it dialled for silent
/// since the beginning of time.
void tls_scribe::enter() {
  auto* broker = static_cast<caf::io::basp_broker*>(parent());
  if (auto context = broker->ctx.find(hdl()); context != broker->ctx.end())
    context->second.last_seen = broker->clock().now();
  since_ = connection_book::clock::now();
  if (auto err = book_->enter(*this))
    break_off(message_of(err));
}

void tls_scribe::configure_read(caf::io::receive_policy::config) {
  // Frames are whole when they come, which is all that CAF asks for.
  if (launched_)
    return;
  launched_ = true;
  if (from_ == side::accepted)
    return;
  stream_->use(*this, this);
  stream_->open();
  enter();
}

void tls_scribe::ack_writes(bool enable) {
  stream_->ack_writes(enable);
}

void tls_scribe::flush() {
  if (broken_) {
    stream_->outgoing().clear();
    return;
  }
  stream_->flush();
  auto most = book_->limits().of(who_.role).backlog;
  if (stream_->waiting() > most)
    break_off("it does not read: " + std::to_string(stream_->waiting())
              + " bytes wait");
}

void tls_scribe::graceful_shutdown() {
  caf::intrusive_ptr<tls_scribe> self{this};
  stream_->close(!broken_);
  book_->leave(*this);
  detach(&stream_->backend(), false);
}

void tls_scribe::remove_from_loop() {
  stream_->close();
}

std::string tls_scribe::addr() const {
  auto found = net::remote_addr_of_fd(stream_->fd());
  return found ? *found : std::string{};
}

uint16_t tls_scribe::port() const {
  auto found = net::remote_port_of_fd(stream_->fd());
  return found ? *found : uint16_t{0};
}

void tls_scribe::on_lost() {
  caf::intrusive_ptr<tls_scribe> self{this};
  book_->leave(*this);
  io_failure(&stream_->backend(), net::operation::read);
}

void tls_scribe::on_bytes(std::string_view bytes) {
  caf::intrusive_ptr<tls_scribe> self{this};
  while (!bytes.empty() && !broken_ && !detached())
    switch (guard_.take(bytes)) {
      case frame_guard::verdict::more:
        return;
      case frame_guard::verdict::broken:
        return break_off("sent " + guard_.reason());
      case frame_guard::verdict::frame:
        if (!deliver())
          return;
        [[fallthrough]];
      case frame_guard::verdict::skip:
        guard_.next();
    }
}

/// Takes note of a handshake. Returns whether CAF is to know of it.
///
/// CAF would keep several connections to a process that dials more than once,
/// and write to any of them after one was lost: to one that the peer closed
/// already, and neither side would learn what that swallowed. So it knows of
/// one at a time, and hears that the peer was lost where that uses another.
bool tls_scribe::meet() {
  if (auto err = book_->claim(*this, guard_.node())) {
    break_off(message_of(err));
    return false;
  }
  // As a client, CAF itself leaves a connection that it does not need.
  if (dialled())
    return used_ = true;
  auto* broker = static_cast<caf::io::basp_broker*>(parent());
  auto known = broker->instance.tbl().lookup_direct(
      read_node(book_->where().system(), guard_.node()));
  if (!guard_.selects())
    return used_ = !known;
  if (known && *known != hdl()) {
    auto own = node_of(book_->where().system());
    if (auto err = book_->replace(known->id(), guard_.node(), own)) {
      break_off(message_of(err));
      return false;
    }
    broker->connection_cleanup(*known, caf::sec::none);
  }
  return used_ = true;
}

/// Gives a frame to CAF in the two parts that it waits for. Returns whether
/// there may be more.
bool tls_scribe::deliver() {
  if (guard_.is_handshake()) {
    if (!meet())
      return !broken_;
  } else if (!used_) {
    break_off("sent more than a handshake beside its other connection");
    return false;
  }
  auto header = guard_.header();
  if (!pass(header))
    return false;
  if (!guard_.payload().empty() && !pass(guard_.payload()))
    return false;
  if (guard_.is_handshake())
    forget_spawner();
  return true;
}

bool tls_scribe::pass(std::vector<char>& bytes) {
  auto size = bytes.size();
  incoming_.swap(bytes);
  consume(&stream_->backend(), incoming_.data(), size);
  incoming_.swap(bytes);
  return !broken_ && !detached();
}

/// CAF starts an actor for each process that it meets, to ask it for others,
/// and keeps it for ever. Nobody asks.
void tls_scribe::forget_spawner() {
  auto* broker = static_cast<caf::io::basp_broker*>(parent());
  auto node = broker->instance.tbl().lookup_direct(hdl());
  auto spawner = broker->spawn_servers.find(node);
  if (spawner == broker->spawn_servers.end())
    return;
  caf::anon_send_exit(spawner->second, caf::exit_reason::kill);
  broker->spawn_servers.erase(spawner);
}

} // namespace troupe
