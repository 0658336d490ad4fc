#include "runtime/transport/dialler.hpp"

#include "runtime/transport/outgoing_socket.hpp"
#include "runtime/transport/tls_doorman.hpp"
#include "runtime/transport/tls_scribe.hpp"

#include <caf/blocking_actor.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <exception>
#include <map>
#include <set>
#include <vector>

namespace troupe {

namespace {

namespace io = caf::io;

using place = std::pair<std::string, uint16_t>;
using interface = std::set<std::string>;

struct dialler_state {
  static inline const char* name = "dialler";

  std::shared_ptr<connection_book> book;
  std::shared_ptr<net::unique_fd> stop;
  caf::actor broker;
  /// Who waits for which dial.
  std::map<place, std::vector<caf::response_promise>> under_way;
};

using pointer = io::middleman_actor::stateful_pointer<dialler_state>;

/// Fails unless a server is there, and one whose certificate still counts.
caf::error check(connection_book& book, const peer& who) {
  if (who.role != peer_role::server)
    return make_error(ec::service_unavailable,
                      "there is " + who.who.user + ", who is no server");
  if (book.is_revoked(who.serial))
    return make_error(ec::service_unavailable,
                      "the server's certificate is revoked");
  return caf::none;
}

/// Blocks. Returns a connection whose sides have proved themselves.
expected<io::scribe_ptr> connect(const std::shared_ptr<connection_book>& book,
                                 int stop, const place& where) {
  auto& limits = book->limits();
  auto end = patience::clock::now() + limits.dial + limits.handshake;
  patience how_long{end, stop};
  auto context = book->files()->current();
  if (!context)
    return std::move(context.error());
  auto fd =
      connect_to(where.first, where.second, how_long.at_most(limits.dial));
  if (!fd)
    return std::move(fd.error());
  auto session = tls_session::make(std::move(*context), fd->get(),
                                   tls_session::side::client);
  if (!session)
    return std::move(session.error());
  if (auto err = prove(*session, fd->get(), how_long))
    return err;
  auto who = session->other_side();
  if (!who)
    return std::move(who.error());
  if (auto err = check(*book, *who))
    return err;
  auto stream = std::make_shared<tls_stream>(book->where(), fd->get(),
                                             std::move(*session));
  fd->release();
  return io::scribe_ptr{caf::make_counted<tls_scribe>(
      book, std::move(stream), std::move(*who), tls_scribe::side::dialled)};
}

/// Who asks waits for an answer in any case.
expected<io::scribe_ptr>
try_connect(const std::shared_ptr<connection_book>& book, int stop,
            const place& where) {
  try {
    return connect(book, stop, where);
  } catch (const std::exception& problem) {
    return make_error(ec::internal_error, problem.what());
  }
}

using found_result =
    caf::result<caf::node_id, caf::strong_actor_ptr, interface>;

/// One dial, in a thread of its own: answers one request and ends.
void dial(caf::blocking_actor* self,
          const std::shared_ptr<connection_book>& book,
          const std::shared_ptr<net::unique_fd>& stop,
          const caf::actor& broker) {
  self->receive([&](caf::connect_atom, const std::string& host,
                    uint16_t port) -> found_result {
    auto scribe = try_connect(book, stop->get(), {host, port});
    if (!scribe)
      return std::move(scribe.error());
    found_result result{caf::sec::cannot_connect_to_node};
    self->request(broker, book->limits().handshake, caf::connect_atom::value,
                  std::move(*scribe), port)
        .receive(
            [&](caf::node_id& node, caf::strong_actor_ptr& found,
                interface& theirs) {
              result = found_result{std::move(node), std::move(found),
                                    std::move(theirs)};
            },
            [&](caf::error& err) { result = std::move(err); });
    return result;
  });
}

caf::result<uint16_t> publish(pointer self, uint16_t port,
                              const caf::strong_actor_ptr& whom,
                              const interface& theirs,
                              const std::string& address, bool reuse) {
  auto fd = io::network::new_tcp_acceptor_impl(
      port, address.empty() ? nullptr : address.c_str(), reuse);
  if (!fd)
    return std::move(fd.error());
  auto doorman = caf::make_counted<tls_doorman>(self->state.book, *fd);
  auto bound = doorman->port();
  caf::anon_send(self->state.broker, caf::publish_atom::value,
                 io::doorman_ptr{std::move(doorman)}, bound, whom, theirs);
  return bound;
}

void finish(pointer self, const place& where, const caf::message& what) {
  auto waiting = self->state.under_way.extract(where);
  if (waiting.empty())
    return;
  for (auto& each : waiting.mapped())
    each.deliver(what);
}

caf::delegated<caf::node_id, caf::strong_actor_ptr, interface>
find(pointer self, place where) {
  auto& st = self->state;
  auto& waiting = st.under_way[where];
  waiting.push_back(self->make_response_promise());
  if (waiting.size() > 1)
    return {};
  auto thread = self->system().spawn<caf::detached + caf::hidden>(
      dial, st.book, st.stop, st.broker);
  self->request(thread, caf::infinite, caf::connect_atom::value, where.first,
                where.second)
      .then(
          [self, where](const caf::node_id& node,
                        const caf::strong_actor_ptr& found,
                        const interface& theirs) {
            finish(self, where, caf::make_message(node, found, theirs));
          },
          [self, where](const caf::error& err) {
            finish(self, where, caf::make_message(err));
          });
  return {};
}

io::middleman_actor::behavior_type
dialler(pointer self, std::shared_ptr<connection_book> book,
        std::shared_ptr<net::unique_fd> stop, const caf::actor& broker) {
  self->state = {std::move(book), std::move(stop), broker, {}};
  return {
      [self](caf::publish_atom, uint16_t port,
             const caf::strong_actor_ptr& whom, const interface& theirs,
             const std::string& address, bool reuse) {
        return publish(self, port, whom, theirs, address, reuse);
      },
      [self](caf::open_atom, uint16_t port, const std::string& address,
             bool reuse) {
        return publish(self, port, {}, {}, address, reuse);
      },
      [self](caf::connect_atom, const std::string& host, uint16_t port) {
        return find(self, {host, port});
      },
      [self](caf::unpublish_atom what, const caf::actor_addr& whom,
             uint16_t port) {
        self->delegate(self->state.broker, what, whom, port);
      },
      [self](caf::close_atom what, uint16_t port) {
        self->delegate(self->state.broker, what, port);
      },
      [](caf::spawn_atom, const caf::node_id&, const std::string&,
         const caf::message&,
         const interface&) -> caf::result<caf::strong_actor_ptr> {
        return make_error(ec::forbidden, "nobody starts actors for others");
      },
      [self](caf::get_atom what, const caf::node_id& node)
          -> caf::delegated<caf::node_id, std::string, uint16_t> {
        self->delegate(self->state.broker, what, node);
        return {};
      },
  };
}

} // namespace

io::middleman_actor start_dialler(caf::actor_system& system,
                                  std::shared_ptr<connection_book> book,
                                  std::shared_ptr<net::unique_fd> stop) {
  auto broker =
      system.middleman().named_broker<io::basp_broker>(caf::atom("BASP"));
  return system.spawn<caf::hidden>(dialler, std::move(book), std::move(stop),
                                   broker);
}

} // namespace troupe
