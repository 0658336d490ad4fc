#pragma once

#include "messages/kinds.hpp"

#include <caf/error.hpp>

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

/// One thing that must be well.
struct health_check {
  std::string name;
  std::string problem; ///< "" while it is
};

/// What a page says.
struct health_answer {
  int status = 200;
  std::string text;
};

/// What a check reads to find out. Kubernetes: the names are those of its
/// server's own checks, as far as they mean the same here.
struct health_question {
  std::string_view check;
  const kind_info* kind = nullptr; ///< null: there is nothing to read
  std::string_view ns = {};
  std::string_view name = {};
  bool must_exist = false; ///< it is what a step of the start makes
  bool ready_only = false; ///< it is for /readyz alone
};

/// The steps of a server's start that were seen done: what one has made may be
/// taken away later. Safe from any thread.
class finished_steps {
public:
  bool contains(std::string_view check) const {
    std::lock_guard guard{mutex_};
    return checks_.contains(check);
  }

  void add(std::string_view check) {
    std::lock_guard guard{mutex_};
    checks_.emplace(check);
  }

private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> checks_;
};

/// Returns what a page looks at: healthz, livez or readyz.
std::vector<health_question> health_questions(std::string_view page);

/// Returns those that a page needs an answer to: all but what is left out, or
/// the one check that is asked for.
std::vector<health_question>
questions_of(std::string_view page, std::string_view check,
             const std::vector<std::string>& left_out);

/// Returns what an answer to a question means: "" when all is well.
std::string problem_of(const health_question& asked, const caf::error& err);

/// Returns a page (`page` is healthz, livez or readyz), or one check of it, as
/// Kubernetes words it; 404 for a check that it does not have.
health_answer health_page(std::string_view page, std::string_view check,
                          const std::vector<std::string>& left_out,
                          bool verbose,
                          const std::vector<health_check>& checks);

/// /version as JSON, for a version such as v1.36.0.
std::string server_version(std::string_view version);

/// / as JSON: the paths that there are.
std::string index_of_paths();

} // namespace troupe::http
