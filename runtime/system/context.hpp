#pragma once

#include "messages/interfaces.hpp"
#include "messages/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

struct cluster_config;
struct edges;

/// Where time and chance come from: the machine, or a simulation.
class world {
public:
  virtual ~world() = default;

  /// Wall clock.
  virtual time_point now() const = 0;

  /// A source of random numbers for one incarnation of one actor.
  virtual std::function<uint64_t()> entropy(const std::string& path,
                                            uint64_t incarnation) const = 0;

  /// Whether actors that block may have a thread of their own. Not so under
  /// virtual time, where one thread runs them all.
  virtual bool threads() const = 0;
};

/// The machine's clock and the operating system's entropy.
std::shared_ptr<const world> real_world();

/// What every actor is handed when it starts: who it is, where it stands, and
/// its way to time, chance and the outside world. A value; copies are cheap.
class context {
public:
  context(std::shared_ptr<const world> w, std::shared_ptr<const edges> e,
          std::shared_ptr<const cluster_config> c, directory_actor dir,
          std::string path, uint64_t incarnation);

  time_point now() const { return world_->now(); }

  /// Returns the next number of this actor's own stream.
  uint64_t random() const { return entropy_(); }

  /// Returns a random version 4 UUID in its usual form.
  std::string uuid() const;

  bool threads() const { return world_->threads(); }

  const std::string& path() const { return path_; }
  uint64_t incarnation() const { return incarnation_; }
  const edges& outside() const { return *edges_; }
  const cluster_config& config() const { return *config_; }
  const directory_actor& directory() const { return directory_; }

  /// Returns the name of the server that this actor is part of, if there are
  /// several.
  std::string server() const;

  /// Returns the path of another actor of that server: "store/replica" or
  /// "server-2/store/replica".
  std::string beside(const std::string& path) const;

  /// Returns the context of a child: its own path, incarnation and entropy.
  context child(const std::string& name, uint64_t incarnation) const;

  /// Returns this context with the children's paths beginning at the top of
  /// the tree.
  context at_top() const;

  /// Returns this context with another directory, for who starts one.
  context with_directory(directory_actor dir) const;

private:
  std::shared_ptr<const world> world_;
  std::shared_ptr<const edges> edges_;
  std::shared_ptr<const cluster_config> config_;
  directory_actor directory_;
  std::string path_;
  uint64_t incarnation_;
  std::function<uint64_t()> entropy_;
};

} // namespace troupe
