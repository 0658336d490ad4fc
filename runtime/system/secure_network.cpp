#include "runtime/system/secure_network.hpp"

#include "runtime/system/tls_stream.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include <unistd.h>

namespace troupe {

namespace {

namespace net = caf::io::network;

/// Makes a connection of everyone who knocks.
class tls_doorman : public net::doorman_impl {
public:
  tls_doorman(net::default_multiplexer& loop, net::native_socket fd,
              secure_files files)
      : net::doorman_impl(loop, fd), files_(std::move(files)) {
    // nop
  }

  bool new_connection() override {
    auto& loop = acceptor_.backend();
    auto fd = acceptor_.accepted_socket();
    auto session = tls_session::make(files_, fd, tls_session::side::server);
    if (!session) {
      spdlog::error("connection refused reason={}",
                    message_of(session.error()));
      ::close(fd);
      return false;
    }
    auto scribe = caf::make_counted<tls_scribe>(loop, fd, std::move(*session));
    auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    return doorman::new_connection(&loop, handle);
  }

private:
  secure_files files_;
};

/// CAF's keeper of connections, with ours in place of its own.
class tls_middleman : public caf::io::middleman_actor_impl {
public:
  tls_middleman(caf::actor_config& config, caf::actor broker,
                secure_files files)
      : middleman_actor_impl(config, std::move(broker)),
        files_(std::move(files)) {
    // nop
  }

  const char* name() const override { return "tls_middleman"; }

protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host,
                                             uint16_t port) override {
    auto fd = net::new_tcp_connection(host, port);
    if (!fd)
      return std::move(fd.error());
    net::nonblocking(*fd, true);
    auto session = tls_session::make(files_, *fd, tls_session::side::client);
    if (!session) {
      ::close(*fd);
      return std::move(session.error());
    }
    session->greet();
    return caf::io::scribe_ptr{
        caf::make_counted<tls_scribe>(loop(), *fd, std::move(*session))};
  }

  caf::expected<caf::io::doorman_ptr> open(uint16_t port, const char* address,
                                           bool reuse) override {
    auto fd = net::new_tcp_acceptor_impl(port, address, reuse);
    if (!fd)
      return std::move(fd.error());
    return caf::io::doorman_ptr{
        caf::make_counted<tls_doorman>(loop(), *fd, files_)};
  }

private:
  net::default_multiplexer& loop() {
    return dynamic_cast<net::default_multiplexer&>(
        system().middleman().backend());
  }

  secure_files files_;
};

} // namespace

secure_network::secure_network(caf::actor_system& system, secure_files files)
    : system_(system) {
  auto broker =
      system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  middleman_ = system.spawn<tls_middleman, caf::hidden + caf::detached>(
      broker, std::move(files));
}

secure_network::~secure_network() {
  caf::anon_send_exit(middleman_, caf::exit_reason::kill);
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
