#include "runtime/system/secure_network.hpp"

#include "runtime/net/socket.hpp"
#include "runtime/transport/connection_book.hpp"
#include "runtime/transport/dialler.hpp"

#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <stdexcept>
#include <sys/eventfd.h>

namespace troupe {

secure_network::secure_network(caf::actor_system& system, secure_files files,
                               const transport_limits& limits)
    : system_(system),
      stop_(std::make_shared<net::unique_fd>(
          eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  if (!*stop_)
    throw std::runtime_error("no descriptor for the network");
  auto& loop = dynamic_cast<caf::io::network::default_multiplexer&>(
      system.middleman().backend());
  book_ = std::make_shared<connection_book>(loop, std::move(files), limits);
  book_->open();
  middleman_ = start_dialler(system, book_, stop_);
}

secure_network::~secure_network() {
  eventfd_write(stop_->get(), 1);
  caf::anon_send_exit(middleman_, caf::exit_reason::kill);
  book_->close();
}

void secure_network::revoke(std::set<std::string> serials) {
  book_->revoke(std::move(serials));
}

void secure_network::serve_joins(join_handler handler) {
  book_->hear_joins(std::move(handler));
}

transport_counts secure_network::counts() const {
  return book_->counts();
}

expected<uint16_t> secure_network::publish(caf::strong_actor_ptr whom,
                                           std::set<std::string> interface,
                                           const std::string& address,
                                           uint16_t port) {
  expected<uint16_t> result{make_error(ec::internal_error, "")};
  caf::scoped_actor self{system_};
  self->request(middleman_, caf::infinite, caf::publish_atom::value, port,
                std::move(whom), std::move(interface), address, true)
      .receive([&](uint16_t bound) { result = bound; },
               [&](caf::error& err) { result = std::move(err); });
  return result;
}

expected<caf::strong_actor_ptr>
secure_network::dial(const std::set<std::string>& interface,
                     const std::string& host, uint16_t port,
                     std::chrono::seconds patience) {
  expected<caf::strong_actor_ptr> result{
      make_error(ec::service_unavailable, "nobody is there")};
  caf::scoped_actor self{system_};
  self->request(middleman_, patience, caf::connect_atom::value, host, port)
      .receive(
          [&](caf::node_id&, caf::strong_actor_ptr& found,
              std::set<std::string>& theirs) {
            if (found && system_.assignable(theirs, interface))
              result = std::move(found);
          },
          [&](caf::error& err) {
            result = make_error(ec::service_unavailable, message_of(err));
          });
  return result;
}

} // namespace troupe
