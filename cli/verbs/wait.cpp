#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"
#include "messages/api/meta.pb.h"
#include "runtime/text/document.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/json_path.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>
#include <ostream>

namespace troupe::cli {

namespace {

using namespace std::chrono_literals;

struct wait_command {
  std::vector<std::string> words;
  target_options which;
  std::string condition;
  std::string timeout = "30s";
};

/// Returns whether both are the same but for upper and lower case.
bool same_word(const std::string& a, const std::string& b) {
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
              return std::tolower(static_cast<unsigned char>(x))
                     == std::tolower(static_cast<unsigned char>(y));
            });
}

/// What --for asks of an object.
class wish {
public:
  /// An error says what is wrong with the words.
  static expected<wish> parse(const std::string& words) {
    wish result;
    if (words == "delete") {
      result.gone_ = true;
      return {std::move(result)};
    }
    if (words == "create")
      return {std::move(result)};
    if (words.rfind("condition=", 0) == 0) {
      auto rest = words.substr(10);
      auto equals = rest.find('=');
      result.condition_ = rest.substr(0, equals);
      result.value_ =
          equals == std::string::npos ? "true" : rest.substr(equals + 1);
      return {std::move(result)};
    }
    if (words.rfind("jsonpath=", 0) == 0)
      return parse_path(words.substr(9));
    return make_error(ec::bad_request,
                      "unrecognized condition: \"" + words + "\"");
  }

  bool gone() const { return gone_; }

  expected<bool> met(const object& x) const {
    if (gone_)
      return false;
    if (condition_.empty() && !path_)
      return true;
    auto doc = text::to_document(x);
    return path_ ? path_met(doc) : condition_met(doc);
  }

private:
  static expected<wish> parse_path(const std::string& rest) {
    wish result;
    // The value stands behind the path's last brace.
    auto brace = rest.rfind('}');
    auto equals = rest.find('=', brace == std::string::npos ? 0 : brace);
    auto path = text::json_path::parse_relaxed(rest.substr(0, equals));
    if (!path)
      return path.error();
    result.path_ = std::move(*path);
    if (equals != std::string::npos) {
      result.value_ = rest.substr(equals + 1);
      if (result.value_.empty())
        return make_error(ec::bad_request, "jsonpath wait has to have a value "
                                           "after equal sign, like "
                                           "--for=jsonpath='{.status.phase}'="
                                           "Running");
    }
    return {std::move(result)};
  }

  static int64_t number(const text::document& doc, const char* pointer) {
    text::document::json_pointer at{pointer};
    return doc.contains(at) && doc.at(at).is_number_integer()
               ? doc.at(at).get<int64_t>()
               : -1;
  }

  bool condition_met(const text::document& doc) const {
    text::document::json_pointer at{"/status/conditions"};
    if (!doc.contains(at))
      return false;
    auto generation = number(doc, "/metadata/generation");
    for (auto& c : doc.at(at)) {
      if (!same_word(c.value("type", ""), condition_))
        continue;
      auto seen = number(c, "/observedGeneration");
      if (seen < 0)
        seen = number(doc, "/status/observedGeneration");
      if (seen >= 0 && seen < generation)
        return false;
      return same_word(c.value("status", ""), value_);
    }
    return false;
  }

  expected<bool> path_met(const text::document& doc) const {
    auto found = path_->find(doc);
    // A list that is not there yet has no such index.
    if (!found || found->empty())
      return false;
    if (value_.empty())
      return true;
    if (found->size() > 1)
      return make_error(ec::bad_request,
                        "given jsonpath expression matches more than one "
                        "value");
    if (found->front().is_structured())
      return make_error(ec::bad_request,
                        "jsonpath leads to a nested object or list which is "
                        "not supported");
    return text::value_text(found->front()) == value_;
  }

  bool gone_ = false;
  std::string condition_;
  std::string value_;
  std::optional<text::json_path> path_;
};

class waiter {
public:
  waiter(wait_command& cmd, environment& env) : cmd_(cmd), env_(env) {
    // nop
  }

  void run() {
    auto wanted = wish::parse(cmd_.condition);
    if (!wanted) {
      env_.misuse(message_of(wanted.error()));
      return;
    }
    wish_ = &*wanted;
    auto timeout = text::parse_duration(cmd_.timeout);
    if (!timeout) {
      env_.misuse("invalid argument \"" + cmd_.timeout
                  + "\" for \"--timeout\" flag: "
                  + message_of(timeout.error()));
      return;
    }
    // kubectl: below zero is a week.
    deadline_ = std::chrono::steady_clock::now()
                + (*timeout < 0ns ? std::chrono::hours(24 * 7) : *timeout);
    if (!collect())
      return;
    for (auto& t : targets_)
      wait_for(t);
  }

private:
  bool collect() {
    if (!cmd_.words.empty() && !cmd_.which.files.empty()) {
      env_.misuse("cannot specify both -f and what to wait for");
      return false;
    }
    auto found = collect_targets(cmd_.words, cmd_.which, env_);
    if (!found)
      return false;
    targets_ = std::move(*found);
    auto named = std::any_of(targets_.begin(), targets_.end(),
                             [](auto& t) { return t.uid.empty(); });
    if (cmd_.which.all_namespaces && cmd_.which.files.empty() && named) {
      env_.misuse("a resource cannot be retrieved by name across all "
                  "namespaces");
      return false;
    }
    if (targets_.empty() && cmd_.which.files.empty() && !wish_->gone()) {
      env_.err() << "error: no matching resources found\n";
      env_.code = failed;
    }
    return !targets_.empty();
  }

  /// Returns whether a named object exists; tells the user when it has to.
  bool exists(target& t) {
    auto now = env_.client()->ask(about(call::GET, *t.kind, t.ns, t.name));
    if (now) {
      t.uid = now->one().uid();
      return true;
    }
    if (cmd_.condition == "create" && is(now.error(), ec::not_found))
      return true;
    if (!wish_->gone() || !is(now.error(), ec::not_found))
      env_.refused(now.error());
    return false;
  }

  void wait_for(target& t) {
    if (t.uid.empty() && !exists(t))
      return;
    bool met = false;
    bool there = false;
    bool complete = false;
    caf::error bad;
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    auto err = env_.client()->watch(
        {t.kind, t.ns, {}, "metadata.name=" + t.name}, {},
        [&](const changes& batch) {
          for (auto& c : batch.items) {
            auto deleted = c.type == change_type::deleted;
            if (c.what.uid() == t.uid)
              there = !deleted;
            if (deleted)
              continue;
            auto now = wish_->met(c.what);
            if (!now)
              bad = now.error();
            else
              met = met || *now;
          }
          complete = complete || batch.complete;
          met = met || (wish_->gone() && complete && !there);
          // Changes that are of no use do not make the wait longer.
          return !met && !bad && std::chrono::steady_clock::now() < deadline_;
        },
        std::max(left, 1ms));
    if (met)
      env_.out() << display_name(*t.kind, t.name) << " condition met\n";
    else if (bad)
      env_.fail(bad);
    else if (!err || is(err, ec::timeout))
      env_.fail(make_error(ec::timeout,
                           "timed out waiting for the condition on "
                               + std::string{t.kind->plural} + "/" + t.name));
    else
      env_.fail(err);
    env_.out().flush();
  }

  wait_command& cmd_;
  environment& env_;
  wish* wish_ = nullptr;
  std::chrono::steady_clock::time_point deadline_;
  std::vector<target> targets_;
};

} // namespace

void add_wait(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<wait_command>();
  auto* sub = app.add_subcommand("wait", "Wait until objects are as wished");
  sub->add_option("WHAT", cmd->words, "KIND NAME..., or KIND/NAME...");
  sub->add_option("--for", cmd->condition,
                  "condition=X[=VALUE], jsonpath={.a}=VALUE, create, delete")
      ->required();
  sub->add_option("--timeout", cmd->timeout, "How long at most: 30s, 5m");
  add_target_options(*sub, cmd->which);
  sub->callback([cmd, &env] { waiter{*cmd, env}.run(); });
}

} // namespace troupe::cli
