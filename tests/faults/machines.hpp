#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace troupe::test {

/// Machines and this process, each in a network namespace of its own, with a
/// cable between any two of them. Needs root.
class machines {
public:
  /// The number of this process's own.
  static constexpr size_t here = 0;

  /// Makes so many beside this one. Moves the calling thread, and those that it
  /// starts later, into a network namespace of its own for good. Throws where
  /// that is not allowed.
  explicit machines(size_t others);
  ~machines();

  machines(const machines&) = delete;
  machines& operator=(const machines&) = delete;

  static std::string address(size_t machine);

  /// What a command is preceded by to run on that machine.
  std::string launcher(size_t machine) const;

  /// Nothing passes between the two until they are joined.
  void cut(size_t a, size_t b);
  /// What the first sends to the other does not arrive until they are joined.
  void silence(size_t from, size_t to);
  void join(size_t a, size_t b);
  void join_all();
  /// The machine is alone until all are joined.
  void isolate(size_t machine);

private:
  /// Lines for `ip`, each a command.
  void change(size_t machine, const std::string& lines) const;

  std::vector<pid_t> holders_; ///< each keeps a namespace
};

} // namespace troupe::test
