#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"
#include "messages/api/apps.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/printing/table.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/timestamp.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <ostream>

namespace troupe::cli {

namespace {

constexpr auto revision_key = "deployment.kubernetes.io/revision";
constexpr auto cause_key = "kubernetes.io/change-cause";

/// What a deployment's annotations do not take over from a replica set.
constexpr std::array own_annotations{
    "kubectl.kubernetes.io/last-applied-configuration",
    revision_key,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to"};

struct rollout_command {
  std::vector<std::string> words;
  int64_t revision = 0;
  std::string timeout = "0s";
  std::string dry_run = "none";
  target_options which;
  bool watch = true;
};

int64_t revision_of(const object& x) {
  auto& notes = x.meta().annotations();
  auto found = notes.find(revision_key);
  int64_t result = 0;
  if (found != notes.end())
    std::from_chars(found->second.data(),
                    found->second.data() + found->second.size(), result);
  return result;
}

/// How far a rollout is.
struct progress {
  std::string text;
  bool finished = false;
  bool failed = false;
};

/// In kubectl's words.
progress progress_of(const object& x) {
  const auto& d = x.as<apps::v1::Deployment>();
  const auto& st = d.status();
  auto waiting =
      "Waiting for deployment \"" + x.name() + "\" rollout to " + "finish: ";
  if (x.meta().generation() > st.observed_generation())
    return {"Waiting for deployment spec update to be observed..."};
  for (auto& c : st.conditions())
    if (c.type() == "Progressing" && c.reason() == "ProgressDeadlineExceeded")
      return {"error: deployment \"" + x.name()
                  + "\" exceeded its progress deadline",
              false, true};
  auto wished = d.spec().has_replicas() ? d.spec().replicas() : 1;
  if (st.updated_replicas() < wished)
    return {waiting + std::to_string(st.updated_replicas()) + " out of "
            + std::to_string(wished) + " new replicas have been updated..."};
  if (st.replicas() > st.updated_replicas())
    return {waiting + std::to_string(st.replicas() - st.updated_replicas())
            + " old replicas are pending termination..."};
  if (st.available_replicas() < st.updated_replicas())
    return {waiting + std::to_string(st.available_replicas()) + " of "
            + std::to_string(st.updated_replicas())
            + " updated replicas are available..."};
  return {"deployment \"" + x.name() + "\" successfully rolled out", true};
}

class roller {
public:
  roller(rollout_command& cmd, environment& env) : cmd_(cmd), env_(env) {
    // nop
  }

  /// Runs `act` with each deployment that is named.
  void each(const std::function<void(const object&)>& act) {
    if (auto given = text::parse_duration(cmd_.timeout); !given) {
      env_.misuse("invalid argument \"" + cmd_.timeout
                  + "\" for \"--timeout\" flag: " + message_of(given.error()));
      return;
    }
    // A kind alone means all of it.
    if (auto args = parse_resources(cmd_.words); args)
      for (auto& item : args->items)
        cmd_.which.all = cmd_.which.all || item.name.empty();
    for (auto& each : find_targets(cmd_.words, cmd_.which, env_)) {
      if (each.kind != &kind_of<apps::v1::Deployment>()) {
        refuse("rollouts of " + each.kind->qualified_plural()
               + " are not supported");
        continue;
      }
      auto found =
          env_.client()->ask(about(call::GET, *each.kind, each.ns, each.name));
      if (found)
        act(found->one());
      else
        env_.refused(found.error());
    }
  }

  void status(const object& x) {
    auto patience = text::parse_duration(cmd_.timeout);
    if (!patience) {
      env_.misuse(message_of(patience.error()));
      return;
    }
    auto limit = *patience > std::chrono::nanoseconds(0)
                     ? std::chrono::ceil<std::chrono::milliseconds>(*patience)
                     : std::chrono::milliseconds(std::chrono::hours(24 * 365));
    auto deadline = std::chrono::steady_clock::now() + limit;
    std::string said;
    bool ended = false;
    auto look = [&](const object& now) {
      auto p = progress_of(now);
      ended = p.finished || p.failed;
      if (p.failed)
        env_.code = failed;
      if (p.text != said)
        (p.failed ? env_.err() : env_.out()) << p.text << std::endl;
      said = p.text;
    };
    if (cmd_.revision > 0 && revision_of(x) != cmd_.revision) {
      refuse("desired revision (" + std::to_string(cmd_.revision)
             + ") is different from the running revision ("
             + std::to_string(revision_of(x)) + ")");
      return;
    }
    look(x);
    if (ended || !cmd_.watch)
      return;
    bool there = true;
    auto err = env_.client()->watch(
        {&x.kind(), x.ns(), {}, "metadata.name=" + x.name()}, {},
        [&](const changes& batch) {
          for (auto& c : batch.items) {
            there = c.type != change_type::deleted;
            if (there && !ended)
              look(c.what);
          }
          // News that is none does not make the wait longer.
          return there && !ended && std::chrono::steady_clock::now() < deadline;
        },
        limit);
    if (!there)
      refuse("object has been deleted");
    else if (is(err, ec::timeout) || (!err && !ended))
      refuse("timed out waiting for the condition");
    else if (err)
      env_.fail(err);
  }

  void history(const object& x) {
    auto sets = revisions(x);
    if (!sets)
      return;
    env_.out() << display_name(x.kind(), x.name());
    if (cmd_.revision > 0) {
      print_revision(*sets);
      return;
    }
    printing::table table;
    table.header = {"REVISION", "CHANGE-CAUSE"};
    for (auto& s : *sets) {
      auto cause = s.meta().annotations().find(cause_key);
      table.rows.push_back(
          {std::to_string(revision_of(s)), cause == s.meta().annotations().end()
                                               ? std::string{"<none>"}
                                               : cause->second});
    }
    env_.out() << " \n" << printing::to_text(table) << "\n";
  }

  void undo(const object& x) {
    if (x.as<apps::v1::Deployment>().spec().paused()) {
      refuse("you cannot rollback a paused deployment; resume it first with "
             "'troupe rollout resume' and try again");
      return;
    }
    auto sets = revisions(x);
    if (!sets)
      return;
    auto to = chosen(x, *sets);
    if (!to)
      return;
    auto set = text::to_document(to);
    auto pod = set["spec"]["template"];
    if (pod["metadata"].contains("labels"))
      pod["metadata"]["labels"].erase("pod-template-hash");
    auto live = text::to_document(x);
    if (pod == live["spec"]["template"]) {
      say(x, "skipped rollback (current template already matches revision "
                 + std::to_string(revision_of(to)) + ")");
      return;
    }
    text::document notes = text::document::object();
    auto take = [&](const text::document& from, bool own) {
      if (from["metadata"].contains("annotations"))
        for (auto& [key, value] : from["metadata"]["annotations"].items())
          if (own
              == (std::find(own_annotations.begin(), own_annotations.end(), key)
                  != own_annotations.end()))
            notes[key] = value;
    };
    take(live, true);
    take(set, false);
    text::document patch{
        {{"op", "replace"}, {"path", "/spec/template"}, {"value", pod}},
        {{"op", "add"}, {"path", "/metadata/annotations"}, {"value", notes}}};
    change(x, call::JSON, patch, "rolled back");
  }

  void pause(const object& x) {
    if (x.as<apps::v1::Deployment>().spec().paused())
      refuse(x.kind().qualified_plural() + " \"" + x.name()
             + "\" is already paused");
    else
      change(x, call::MERGE, {{"spec", {{"paused", true}}}}, "paused");
  }

  void resume(const object& x) {
    if (!x.as<apps::v1::Deployment>().spec().paused())
      refuse(x.kind().qualified_plural() + " \"" + x.name()
             + "\" is not paused");
    else
      change(x, call::MERGE, {{"spec", {{"paused", nullptr}}}}, "resumed");
  }

  void restart(const object& x) {
    if (x.as<apps::v1::Deployment>().spec().paused()) {
      refuse(x.kind().qualified_plural() + " \"" + x.name()
             + "\" can't restart paused deployment (run rollout resume "
               "first)");
      return;
    }
    text::document notes{{"kubectl.kubernetes.io/restartedAt",
                          text::time_text(real_world()->now())}};
    text::document patch;
    patch["spec"]["template"]["metadata"]["annotations"] = notes;
    change(x, call::MERGE, patch, "restarted");
  }

private:
  void say(const object& x, const std::string& what) {
    env_.out() << display_name(x.kind(), x.name()) << " " << what
               << (cmd_.dry_run == "client"   ? " (dry run)"
                   : cmd_.dry_run == "server" ? " (server dry run)"
                                              : "")
               << "\n";
  }

  void refuse(const std::string& why) {
    env_.err() << "error: " << why << "\n";
    env_.code = failed;
  }

  void change(const object& x, call::PatchType type,
              const text::document& patch, const std::string& what) {
    auto msg = about(call::PATCH, x.kind(), x.ns(), x.name());
    msg.set_patch_type(type);
    msg.set_patch(patch.dump());
    msg.set_dry_run(cmd_.dry_run == "server");
    if (cmd_.dry_run == "client") {
      say(x, what);
      return;
    }
    auto changed = env_.client()->ask(msg);
    if (changed)
      say(x, what);
    else
      env_.refused(changed.error());
  }

  /// The replica sets that a deployment controls, oldest revision first.
  std::optional<std::vector<object>> revisions(const object& x) {
    auto list = env_.client()->ask(
        about(call::LIST, kind_of<apps::v1::ReplicaSet>(), x.ns()));
    if (!list) {
      env_.refused(list.error());
      return std::nullopt;
    }
    std::vector<object> result;
    for (auto& s : list->objects)
      for (auto& owner : s.meta().owner_references())
        if (owner.controller() && owner.uid() == x.uid())
          result.push_back(s);
    std::stable_sort(result.begin(), result.end(), [](auto& a, auto& b) {
      return revision_of(a) < revision_of(b);
    });
    return result;
  }

  void print_revision(const std::vector<object>& sets) {
    for (auto& s : sets) {
      if (revision_of(s) != cmd_.revision)
        continue;
      printing::description d;
      printing::describe_template(
          d, s.as<apps::v1::ReplicaSet>().spec().template_());
      env_.out() << " with revision #" << cmd_.revision << "\n"
                 << d.str() << "\n";
      return;
    }
    env_.out() << "\n";
    refuse("unable to find the specified revision");
  }

  /// The set to go back to; none when there is none, and the user knows.
  object chosen(const object& x, const std::vector<object>& sets) {
    if (cmd_.revision > 0) {
      for (auto& s : sets)
        if (revision_of(s) == cmd_.revision)
          return s;
      refuse("unable to find specified revision "
             + std::to_string(cmd_.revision) + " in history");
      return {};
    }
    if (sets.size() < 2) {
      refuse("no rollout history found for deployment \"" + x.name() + "\"");
      return {};
    }
    return sets[sets.size() - 2];
  }

  rollout_command& cmd_;
  environment& env_;
};

void add_part(CLI::App& rollout, environment& env, const char* name,
              const char* help, const char* revision_option,
              void (roller::*act)(const object&)) {
  auto cmd = std::make_shared<rollout_command>();
  auto* sub = rollout.add_subcommand(name, help);
  sub->add_option("WHAT", cmd->words, "deployment NAME, or deployment/NAME");
  sub->add_option("-f,--filename", cmd->which.files, "Files, folders, or -");
  sub->add_flag("-R,--recursive", cmd->which.recursive,
                "Folders in folders too");
  sub->add_option("-l,--selector", cmd->which.labels, "Label selector");
  if (act == &roller::undo)
    sub->add_option("--dry-run", cmd->dry_run, "Change nothing")
        ->check(CLI::IsMember({"none", "client", "server"}));
  if (revision_option != nullptr)
    sub->add_option(revision_option, cmd->revision, "Number of a revision")
        ->check(CLI::NonNegativeNumber);
  if (act == &roller::status) {
    sub->add_flag("-w,--watch", cmd->watch, "Until it is finished");
    sub->add_option("--timeout", cmd->timeout, "How long at most; 0s for ever");
  }
  sub->callback([cmd, &env, act] {
    if (cmd->words.empty() && cmd->which.files.empty()) {
      env.misuse("required resource not specified");
      return;
    }
    roller r{*cmd, env};
    r.each([&](const object& x) { (r.*act)(x); });
  });
}

} // namespace

void add_rollout(CLI::App& app, environment& env) {
  auto* sub = app.add_subcommand("rollout", "Manage rollouts of deployments");
  sub->require_subcommand(1);
  add_part(*sub, env, "status", "Follow a rollout to its end", "--revision",
           &roller::status);
  add_part(*sub, env, "history", "Show the revisions", "--revision",
           &roller::history);
  add_part(*sub, env, "undo", "Go back to an earlier revision", "--to-revision",
           &roller::undo);
  add_part(*sub, env, "pause", "Hold changes of the template back", nullptr,
           &roller::pause);
  add_part(*sub, env, "resume", "Roll changes out again", nullptr,
           &roller::resume);
  add_part(*sub, env, "restart", "Replace all pods by and by", nullptr,
           &roller::restart);
}

} // namespace troupe::cli
