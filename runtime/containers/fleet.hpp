#pragma once

#include "runtime/containers/machine.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

namespace troupe::simulation {

/// Somebody else holds the machine now.
class machine_lost : public std::runtime_error {
public:
  machine_lost() : std::runtime_error("another runtime has this machine") {
    // nop
  }
};

/// A machine in the hands of one runtime, until the next one takes it. A
/// runtime that is on its way down cannot disturb its successor: it meets
/// `machine_lost`.
class held_machine {
public:
  /// The machine for the length of one expression or block.
  class use {
  public:
    machine* operator->() const { return what_; }
    machine& operator*() const { return *what_; }

  private:
    friend class held_machine;
    use(std::mutex& mutex, machine* what) : guard_(mutex), what_(what) {
      // nop
    }

    std::unique_lock<std::mutex> guard_;
    machine* what_;
  };

  held_machine() = default;

  /// Throws `machine_lost`.
  use lock() const;
  use operator->() const { return lock(); }

private:
  friend class fleet;

  struct seat {
    explicit seat(machine m) : what(std::move(m)) {
      // nop
    }

    std::mutex mutex;
    machine what;
    uint64_t holder = 0; ///< number of who took it last
  };

  std::shared_ptr<seat> seat_;
  uint64_t holder_ = 0;
};

/// The machines of the simulated nodes of one process. They outlive the actors
/// that hold them, as processes outlive a container runtime.
class fleet {
public:
  fleet(script behaviour, uint64_t seed);

  /// Takes the machine of that node from whoever has it; a new one at first.
  held_machine take(const std::string& node);

  /// The node is switched off: all its containers are gone.
  void lose(const std::string& node);

  /// What every machine has, by node. Takes none of them.
  std::map<std::string, container::State> look() const;

private:
  std::shared_ptr<const script> script_;
  uint64_t seed_;
  mutable std::mutex mutex_; ///< guards the following
  std::map<std::string, std::shared_ptr<held_machine::seat>> seats_;
};

} // namespace troupe::simulation
