#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "cli/writing.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/policy.pb.h"
#include "runtime/system/context.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/selector.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ostream>
#include <set>

namespace troupe::cli {

namespace {

/// What a refused eviction waits before it is tried again.
constexpr auto retry_after = std::chrono::seconds(5);

struct drain_command {
  std::vector<std::string> names;
  std::string labels;
  std::string pod_labels;
  std::string timeout = "0s";
  int64_t grace = -1;
  bool force = false;
  bool ignore_daemonsets = false;
  bool delete_emptydir = false;
  bool disable_eviction = false;
  write_options write;
};

/// A pod that has to go.
struct leaving {
  object pod;
  bool asked = false; ///< the eviction was accepted
  bool gone = false;
};

/// The pods of a node, sorted by what may become of them.
struct sorted_pods {
  std::vector<leaving> leave;
  std::string daemons;
  std::string local_storage;
  std::string unmanaged;
};

const meta::v1::OwnerReference* controller_of(const object& pod) {
  for (auto& owner : pod.meta().owner_references())
    if (owner.controller())
      return &owner;
  return nullptr;
}

void append(std::string& list, const object& pod) {
  list += (list.empty() ? "" : ", ") + pod.key();
}

sorted_pods sort_pods(const std::vector<object>& pods) {
  sorted_pods result;
  for (auto& pod : pods) {
    auto& value = pod.as<core::v1::Pod>();
    auto& annotations = pod.meta().annotations();
    if (annotations.count("kubernetes.io/config.mirror") > 0)
      continue;
    auto& phase = value.status().phase();
    auto ended = phase == "Succeeded" || phase == "Failed";
    auto* owner = controller_of(pod);
    if (owner != nullptr && owner->kind() == "DaemonSet" && !ended) {
      append(result.daemons, pod);
      continue;
    }
    auto& volumes = value.spec().volumes();
    if (!ended && std::any_of(volumes.begin(), volumes.end(), [](auto& v) {
          return v.volume_source().has_empty_dir();
        }))
      append(result.local_storage, pod);
    if (!ended && owner == nullptr)
      append(result.unmanaged, pod);
    result.leave.push_back({pod});
  }
  return result;
}

class drainer {
public:
  drainer(const drain_command& cmd, std::string node,
          std::chrono::nanoseconds timeout, environment& env)
      : cmd_(cmd), node_(std::move(node)), env_(env) {
    if (timeout.count() > 0)
      deadline_ = real_world()->now()
                  + std::chrono::duration_cast<time_point::duration>(timeout);
  }

  void run() {
    auto& kind = kind_of<core::v1::Pod>();
    auto msg = about(call::LIST, kind, {});
    msg.set_field_selector("spec.nodeName=" + node_);
    msg.set_label_selector(cmd_.pod_labels);
    auto list = env_.client()->ask(msg);
    if (!list) {
      env_.refused(list.error());
      return;
    }
    auto pods = sort_pods(list->objects);
    if (!allowed(pods))
      return;
    leave_ = std::move(pods.leave);
    if (evict_all() && cmd_.write.dry_run == "none" && !wait_gone())
      return;
    if (env_.code == done)
      env_.out() << "node/" << node_ << " drained" << dry() << "\n";
  }

private:
  std::string dry() const {
    return cmd_.write.dry_run == "client"   ? " (dry run)"
           : cmd_.write.dry_run == "server" ? " (server dry run)"
                                            : "";
  }

  bool allowed(const sorted_pods& pods) {
    std::string why;
    auto refuse = [&](const std::string& list, const std::string& what) {
      if (!list.empty())
        why += (why.empty() ? "" : ", ") + std::string{"cannot delete "} + what
               + ": " + list;
    };
    if (!cmd_.ignore_daemonsets)
      refuse(pods.daemons,
             "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)");
    if (!cmd_.delete_emptydir)
      refuse(pods.local_storage, "Pods with local storage (use "
                                 "--delete-emptydir-data to override)");
    if (!cmd_.force)
      refuse(pods.unmanaged,
             "Pods that declare no controller (use --force to override)");
    if (!why.empty()) {
      env_.fail(make_error(ec::bad_request, "unable to drain node \"" + node_
                                                + "\" due to error: " + why));
      return false;
    }
    std::string warning;
    if (!pods.unmanaged.empty())
      warning = "deleting Pods that declare no controller: " + pods.unmanaged;
    if (!pods.daemons.empty())
      warning += (warning.empty() ? "" : "; ")
                 + std::string{"ignoring DaemonSet-managed Pods: "}
                 + pods.daemons;
    if (!warning.empty())
      env_.err() << "Warning: " << warning << "\n";
    return true;
  }

  /// Asks for all that are not asked yet. False after a refusal that a later
  /// try cannot change.
  bool evict_all() {
    for (auto& each : leave_) {
      if (each.asked || each.gone)
        continue;
      env_.out() << (cmd_.disable_eviction ? "deleting pod " : "evicting pod ")
                 << each.pod.key() << dry() << "\n";
      env_.out().flush();
      auto err = cmd_.write.dry_run == "client" ? caf::error{} : evict(each);
      if (!err) {
        each.asked = true;
      } else if (is(err, ec::too_many_requests)) {
        env_.err() << "error when evicting pods/\"" << each.pod.name()
                   << "\" -n \"" << each.pod.ns()
                   << "\" (will retry after 5s): " << message_of(err) << "\n";
      } else {
        env_.fail(err);
        return false;
      }
    }
    return true;
  }

  caf::error evict(leaving& each) {
    auto& pod = each.pod;
    auto msg = about(cmd_.disable_eviction ? call::DELETE : call::CREATE,
                     pod.kind(), pod.ns(), pod.name());
    msg.set_dry_run(cmd_.write.dry_run == "server");
    expected<answer> sent = caf::error{};
    if (cmd_.disable_eviction) {
      msg.set_precondition_uid(pod.uid());
      if (cmd_.grace >= 0)
        msg.set_grace_period_seconds(cmd_.grace);
      sent = env_.client()->ask(msg);
    } else {
      policy::v1::Eviction body;
      body.mutable_metadata()->set_name(pod.name());
      body.mutable_metadata()->set_namespace_(pod.ns());
      auto* options = body.mutable_delete_options();
      options->mutable_preconditions()->set_uid(pod.uid());
      if (cmd_.grace >= 0)
        options->set_grace_period_seconds(cmd_.grace);
      msg.set_subresource("eviction");
      sent = env_.client()->ask(msg, object::of(body));
    }
    if (sent)
      return caf::none;
    // Gone, or another pod has its name: either way this one left.
    if (is(sent.error(), ec::not_found) || is(sent.error(), ec::conflict)) {
      told_gone(each);
      return caf::none;
    }
    return sent.error();
  }

  void told_gone(leaving& each) {
    each.gone = true;
    env_.out() << "pod/" << each.pod.name()
               << (cmd_.disable_eviction ? " deleted\n" : " evicted\n");
    env_.out().flush();
  }

  bool all_gone() const {
    return std::all_of(leave_.begin(), leave_.end(),
                       [](auto& each) { return each.gone; });
  }

  std::string left() const {
    std::string result;
    for (auto& each : leave_)
      if (!each.gone)
        append(result, each.pod);
    return result;
  }

  bool late() const {
    return deadline_ != time_point{} && real_world()->now() >= deadline_;
  }

  bool wait_gone() {
    auto next_try = real_world()->now() + retry_after;
    while (!all_gone()) {
      if (late()) {
        env_.fail(make_error(ec::timeout,
                             "unable to drain node \"" + node_
                                 + "\" due to error: global timeout reached: "
                                 + cmd_.timeout + ", pods left: " + left()));
        return false;
      }
      if (auto err = follow(); err && !is(err, ec::timeout)) {
        env_.fail(err);
        return false;
      }
      if (real_world()->now() < next_try)
        continue;
      next_try = real_world()->now() + retry_after;
      if (!evict_all())
        return false;
    }
    return true;
  }

  /// Watches the node's pods until all are gone, or some while has passed.
  caf::error follow() {
    selection what{&kind_of<core::v1::Pod>(), {}, {}, "spec.nodeName=" + node_};
    std::set<std::string> there;
    bool complete = false;
    auto until = real_world()->now() + retry_after;
    return env_.client()->watch(
        what, {},
        [&](const changes& batch) {
          if (batch.reset) {
            there.clear();
            complete = false;
          }
          for (auto& c : batch.items)
            if (c.type == change_type::deleted)
              there.erase(c.what.uid());
            else
              there.insert(c.what.uid());
          complete = complete || batch.complete;
          if (complete)
            for (auto& each : leave_)
              if (!each.gone && there.count(each.pod.uid()) == 0)
                told_gone(each);
          return !all_gone() && real_world()->now() < until;
        },
        std::chrono::seconds(1));
  }

  const drain_command& cmd_;
  std::string node_;
  environment& env_;
  time_point deadline_{};
  std::vector<leaving> leave_;
};

void run_drain(const drain_command& cmd, environment& env) {
  auto timeout = text::parse_duration(cmd.timeout);
  if (!timeout || timeout->count() < 0) {
    env.misuse("invalid --timeout \"" + cmd.timeout
               + "\": want a duration such as 30s or 5m");
    return;
  }
  if (auto pods = text::label_selector::parse(cmd.pod_labels); !pods) {
    env.misuse("invalid --pod-selector \"" + cmd.pod_labels
               + "\": " + message_of(pods.error()));
    return;
  }
  std::vector<target> nodes;
  for (auto& node : find_nodes(cmd.names, cmd.labels, env))
    if (change_object(node, cordoning(true), cmd.write, env))
      nodes.push_back(node);
  for (auto& node : nodes)
    drainer{cmd, node.name, *timeout, env}.run();
}

} // namespace

void add_drain(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<drain_command>();
  auto* sub = app.add_subcommand("drain", "Move all pods off a node");
  sub->add_option("NODE", cmd->names, "Nodes");
  sub->add_option("-l,--selector", cmd->labels, "Label selector of nodes");
  sub->add_option("--pod-selector", cmd->pod_labels, "Only these pods");
  sub->add_option("--grace-period", cmd->grace, "Seconds for pods to end in");
  sub->add_option("--timeout", cmd->timeout, "How long to wait, 0s for ever");
  sub->add_flag("--force", cmd->force, "Also pods that nobody makes again");
  sub->add_flag("--ignore-daemonsets", cmd->ignore_daemonsets,
                "Leave pods of daemon sets where they are");
  sub->add_flag("--delete-emptydir-data", cmd->delete_emptydir,
                "Also pods that lose their emptyDir");
  sub->add_flag("--disable-eviction", cmd->disable_eviction,
                "Delete, whatever disruption budgets say");
  sub->add_option("--dry-run", cmd->write.dry_run, "Change nothing")
      ->check(CLI::IsMember({"none", "client", "server"}));
  sub->callback([cmd, &env] { run_drain(*cmd, env); });
}

} // namespace troupe::cli
