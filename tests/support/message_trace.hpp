#pragma once

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/resumable.hpp>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace troupe::test {

/// Every message that the actors of a simulation take, in order, one line
/// each: virtual time, sender, receiver, and the message as its type and key.
/// Deterministic: the same seed gives the same text, in every process.
///
/// Whoever runs the actors shows it each job before it runs.
class message_trace {
public:
  /// Notes the message that `job` takes next, if it has one.
  void note(caf::resumable& job, std::chrono::nanoseconds now);

  /// Returns the lines, with paths for all actors that were ever at one.
  std::string text() const;

  size_t size() const { return lines_.size(); }

private:
  struct line {
    std::chrono::nanoseconds at;
    caf::actor_id from; ///< 0: nobody
    caf::actor_id to;
    std::string what; ///< other actors in it as "id@node"
  };

  void note_path(const caf::mailbox_element& element);
  std::string name_of(caf::actor_id id) const;

  std::vector<line> lines_;
  std::map<caf::actor_id, std::string> paths_;
  std::map<caf::actor_id, std::string> names_; ///< of those at no path
};

/// Returns where two traces begin to differ, with the lines before it; "" when
/// they are the same.
std::string first_difference(const std::string& one, const std::string& other);

} // namespace troupe::test
