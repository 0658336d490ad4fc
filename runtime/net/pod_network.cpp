#include "runtime/net/pod_network.hpp"

#include "runtime/net/bridge_network.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>

namespace troupe::net {

namespace {

std::string try_join(const bridge_network& bridge, const std::string& pod,
                     const std::string& address, const std::string& path) {
  auto parsed = parse_ipv4(address);
  if (!parsed)
    return message_of(parsed.error());
  unique_fd ns{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!ns)
    return "cannot open the network namespace " + path + ": "
           + std::strerror(errno);
  auto joined = bridge.attach(pod, *parsed, ns.get());
  return joined ? "" : message_of(joined.error());
}

} // namespace

bridged_pods::bridged_pods(const bridge_network& bridge)
    : bridge_(std::make_unique<bridge_network>(bridge)) {
  // Signals are for the threads that wait for them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this] { serve(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

bridged_pods::~bridged_pods() {
  {
    std::lock_guard guard{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void bridged_pods::join(std::string pod, std::string address, std::string path,
                        done tell) {
  post([this, pod = std::move(pod), address = std::move(address),
        path = std::move(path), tell = std::move(tell)] {
    tell(try_join(*bridge_, pod, address, path));
  });
}

void bridged_pods::leave(std::string pod) {
  post([this, pod = std::move(pod)] {
    // What is left of it goes with its namespace.
    [[maybe_unused]] auto gone = bridge_->detach(pod);
  });
}

void bridged_pods::post(std::function<void()> what) {
  {
    std::lock_guard guard{mutex_};
    posted_.push_back(std::move(what));
  }
  changed_.notify_one();
}

void bridged_pods::serve() {
  pthread_setname_np(pthread_self(), "troupe-pods");
  std::unique_lock guard{mutex_};
  while (true) {
    changed_.wait(guard, [this] { return ending_ || !posted_.empty(); });
    if (posted_.empty())
      return;
    auto batch = std::exchange(posted_, {});
    guard.unlock();
    for (auto& what : batch)
      what();
    guard.lock();
  }
}

} // namespace troupe::net
