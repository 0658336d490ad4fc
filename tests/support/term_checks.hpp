#pragma once

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/resumable.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace troupe::test {

/// Sees to it that of several processes that run a component only one writes:
/// what is created in a term of an election was so before the next one began.
/// It listens to the messages of a simulation: to what the registries are asked
/// and answer, and to the terms that they write.
///
/// Only creates are looked at: every one of them that is accepted is a write.
class term_checks {
public:
  /// Notes the message that `job` takes next, if it has one.
  void note(caf::resumable& job);

  /// Returns what was not so, a line each.
  const std::string& broken() const { return broken_; }

  /// Creates that were accepted, and terms that began or ended.
  size_t accepted() const { return accepted_; }
  size_t terms() const;

private:
  /// Who asked, and the number of the question.
  using question = std::pair<caf::actor_id, uint64_t>;
  struct write {
    std::string election;
    uint64_t term = 0;
    std::string what;
  };

  void note_question(const caf::mailbox_element& element);
  void note_answer(caf::actor_id whose, const caf::mailbox_element& element);
  void check(const write& done, uint64_t revision);

  std::map<question, write> writes_;
  std::map<question, std::string> changes_;         ///< election
  std::map<std::string, std::set<uint64_t>> terms_; ///< by election
  size_t accepted_ = 0;
  std::string broken_;
};

} // namespace troupe::test
