#include "runtime/system/actor_config.hpp"

#include "messages/codec.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>
#include <caf/node_id.hpp>

#include <stdexcept>
#include <sys/random.h>
#include <unistd.h>

namespace troupe {

namespace {

/// Replaces CAF's node identity, made of MAC address and process number, by a
/// random one: two containers may share both.
class random_node_id : public caf::actor_system::module {
public:
  explicit random_node_id(caf::actor_system& sys) : sys_(sys) {
    // nop
  }

  void init(caf::actor_system_config&) override {
    caf::node_id::default_data::host_id_type host;
    if (getrandom(host.data(), host.size(), 0)
        != static_cast<ssize_t>(host.size()))
      throw std::runtime_error("the operating system gives no entropy");
    const_cast<caf::node_id&>(sys_.node()) =
        caf::make_node_id(static_cast<uint32_t>(getpid()), host);
  }

  void start() override {}

  void stop() override {}

  id_t id() const override {
    // The slot of a module that is never loaded here.
    return caf::actor_system::module::opencl_manager;
  }

  void* subtype_ptr() override { return this; }

  static caf::actor_system::module* make(caf::actor_system& sys,
                                         caf::detail::type_list<>) {
    return new random_node_id(sys);
  }

private:
  caf::actor_system& sys_;
};

} // namespace

actor_config::actor_config(size_t threads, reach how) {
  register_types(*this);
  // Work stealing polls when there is nothing to do; sharing sleeps.
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", threads);
  if (how == reach::alone)
    return;
  load<caf::io::middleman>();
  set("middleman.workers", size_t{1});
  set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds(2)});
  set("middleman.connection-timeout", caf::timespan{std::chrono::seconds(10)});
  load<random_node_id>();
}

} // namespace troupe
