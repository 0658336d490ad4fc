#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"
#include "messages/api/meta.pb.h"
#include "runtime/text/duration.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <ostream>

namespace troupe::cli {

namespace {

struct delete_command {
  std::vector<std::string> words;
  target_options which;
  std::string cascade = "background";
  std::string dry_run = "none";
  std::string timeout = "0s";
  std::string output; ///< "" or name
  int64_t grace = -1;
  bool now = false;
  bool force = false;
  bool wait = true;
  bool ignore_not_found = false;
};

class deleter {
public:
  deleter(delete_command& cmd, environment& env) : cmd_(cmd), env_(env) {
    // nop
  }

  void run() {
    if (cmd_.words.empty() == cmd_.which.files.empty()) {
      env_.misuse("name what to delete: KIND NAME, KIND -l SELECTOR, KIND "
                  "--all, or -f FILE");
      return;
    }
    if (auto wrong = contradiction(); !wrong.empty()) {
      env_.misuse(wrong);
      return;
    }
    auto victims = collect_targets(cmd_.words, cmd_.which, env_);
    if (!victims)
      return;
    if (victims->empty() && env_.code == done)
      env_.out() << "No resources found\n";
    for (auto& v : *victims)
      remove(v);
    if (cmd_.wait && !cmd_.force && cmd_.dry_run == "none")
      for (auto& v : *victims)
        wait_gone(v);
  }

private:
  /// What is wrong with the flags; "" for nothing.
  std::string contradiction() {
    auto given = text::parse_duration(cmd_.timeout);
    if (!given)
      return "invalid argument \"" + cmd_.timeout
             + "\" for \"--timeout\" flag: " + message_of(given.error());
    if (*given > std::chrono::nanoseconds(0))
      patience_ = std::chrono::ceil<std::chrono::milliseconds>(*given);
    if (cmd_.now && cmd_.grace >= 0)
      return "--now and --grace-period cannot be specified together";
    if (cmd_.force && cmd_.grace > 0)
      return "--force and --grace-period greater than 0 cannot be specified "
             "together";
    return {};
  }

  void remove(target& v) {
    auto msg = about(call::DELETE, *v.kind, v.ns, v.name);
    if (cmd_.force)
      msg.set_grace_period_seconds(0);
    else if (cmd_.now)
      msg.set_grace_period_seconds(1);
    else if (cmd_.grace >= 0)
      // kubectl: at once, without waiting for the node, takes --force.
      msg.set_grace_period_seconds(std::max<int64_t>(cmd_.grace, 1));
    msg.set_propagation_policy(propagation());
    msg.set_dry_run(cmd_.dry_run == "server");
    if (cmd_.dry_run == "client") {
      say(v, "deleted (dry run)");
      return;
    }
    auto gone = env_.client()->ask(msg);
    if (!gone) {
      v.kind = nullptr;
      if (!cmd_.ignore_not_found || !is(gone.error(), ec::not_found))
        env_.refused(gone.error());
      return;
    }
    v.uid = gone->one().uid();
    say(v, cmd_.force      ? "force deleted"
           : msg.dry_run() ? "deleted (server dry run)"
                           : "deleted");
    if (gone->response->gone())
      v.kind = nullptr;
  }

  const char* propagation() const {
    if (cmd_.cascade == "foreground")
      return "Foreground";
    return cmd_.cascade == "orphan" || cmd_.cascade == "false" ? "Orphan"
                                                               : "Background";
  }

  void say(const target& v, const std::string& what) {
    if (!cmd_.output.empty()) {
      env_.out() << display_name(*v.kind, v.name) << "\n";
      env_.out().flush();
      return;
    }
    auto kind = std::string{v.kind->singular};
    if (!v.kind->group.empty())
      kind += "." + std::string{v.kind->group};
    env_.out() << kind << " \"" << v.name << "\" " << what << "\n";
    env_.out().flush();
  }

  /// Waits until the object is gone, or another has its name.
  void wait_gone(const target& v) {
    if (v.kind == nullptr)
      return;
    selection what{v.kind, v.ns, {}, "metadata.name=" + v.name};
    bool complete = false;
    bool there = false;
    auto err = env_.client()->watch(
        what, {},
        [&](const changes& batch) {
          for (auto& c : batch.items)
            if (c.what.uid() == v.uid)
              there = c.type != change_type::deleted;
          complete = complete || batch.complete;
          return !complete || there;
        },
        patience_);
    if (err)
      env_.fail(is(err, ec::timeout) ? make_error(
                    ec::timeout, "timed out waiting for the condition on "
                                     + display_name(*v.kind, v.name))
                                     : err);
  }

  delete_command& cmd_;
  environment& env_;
  /// How long to wait for each to be gone; kubectl: a week unless given.
  std::chrono::milliseconds patience_ = std::chrono::hours(24 * 7);
};

} // namespace

void add_delete(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<delete_command>();
  auto* sub = app.add_subcommand("delete", "Delete objects");
  sub->add_option("WHAT", cmd->words, "KIND NAME..., or KIND/NAME...");
  add_target_options(*sub, cmd->which);
  sub->add_option("--grace-period", cmd->grace, "Seconds to end in");
  sub->add_flag("--now", cmd->now, "A grace period of 1 second");
  sub->add_flag("--force", cmd->force, "At once, without waiting for the node");
  sub->add_option("--cascade", cmd->cascade, "What becomes of dependents")
      ->check(CLI::IsMember(
          {"background", "foreground", "orphan", "true", "false"}));
  sub->add_flag("--wait", cmd->wait, "Wait until they are gone");
  sub->add_option("--timeout", cmd->timeout,
                  "How long to wait for each, such as 30s; 0s for ever");
  sub->add_flag("--ignore-not-found", cmd->ignore_not_found,
                "No error for what does not exist");
  sub->add_option("-o,--output", cmd->output, "name")
      ->check(CLI::IsMember({"name"}));
  sub->add_option("--dry-run", cmd->dry_run, "Change nothing")
      ->check(CLI::IsMember({"none", "client", "server"}));
  sub->callback([cmd, &env] { deleter{*cmd, env}.run(); });
}

} // namespace troupe::cli
