#include "actors/kubelet/container_acts.hpp"

#include "actors/kubelet/knock.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/system.pb.h"
#include "runtime/containers/volume_edge.hpp"
#include "runtime/net/dns_edge.hpp"
#include "runtime/net/probe_edge.hpp"
#include "runtime/process/image_folder.hpp"
#include "runtime/rules/pod_adoption.hpp"
#include "runtime/rules/pod_config.hpp"
#include "runtime/rules/pod_dns.hpp"
#include "runtime/rules/pod_references.hpp"
#include "runtime/rules/pull_secrets.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/text/quantity.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>

namespace troupe {

using pointer = pod_worker_pointer;
using core::v1::Pod;

namespace {

// -- containers ---------------------------------------------------------------

const core::v1::Container& spec_of(pointer self, size_t i) {
  return rules::container_at(pod_of(self), i);
}

void fail_pull(pointer self, size_t i, const char* reason,
               const std::string& why) {
  const auto& image = spec_of(self, i).image();
  auto message = reason == std::string{"ErrImageNeverPull"}
                     ? why
                     : "Failed to pull image \"" + image + "\": " + why;
  remark(self, "Warning", "Failed", message);
  rules::on_pull_failed(self->state.life, i, reason, why, now_of(self));
}

void fetch_image_as(pointer self, size_t i,
                    const std::vector<images::credentials>& as) {
  remark(self, "Normal", "Pulling",
         "Pulling image \"" + spec_of(self, i).image() + "\"");
  container::PullImage msg;
  msg.set_image(spec_of(self, i).image());
  for (auto& each : as) {
    auto& access = *msg.add_as();
    access.set_user(each.user);
    access.set_password(each.password);
    access.set_identity_token(each.identity_token);
    access.set_registry_token(each.registry_token);
  }
  ask_runtime<container::Image>(
      self, std::move(msg),
      [self, i](const container::Image& image) {
        remark(self, "Normal", "Pulled",
               "Successfully pulled image \"" + spec_of(self, i).image()
                   + "\"");
        rules::on_pulled(self->state.life, i, image.id());
      },
      [self, i](const caf::error& err) {
        fail_pull(self, i, "ErrImagePull", message_of(err));
      });
}

void fetch_image(pointer self, size_t i) {
  if (self->state.node->simulated
      || pod_of(self).spec().image_pull_secrets().empty())
    return fetch_image_as(self, i, {});
  with_references(self, false, [self, i](const rules::pod_references& known) {
    auto& st = self->state;
    if (st.attended
        && st.life.containers[i].step == rules::container_step::pulling)
      fetch_image_as(self, i,
                     rules::pull_credentials(pod_of(self), known,
                                             spec_of(self, i).image()));
  });
}

} // namespace

void pull_image(pointer self, size_t i) {
  auto& st = self->state;
  const auto& container = spec_of(self, i);
  if (!process::parse_reference(container.image())) {
    auto why = "Failed to apply default image tag \"" + container.image()
               + "\": couldn't parse image name \"" + container.image()
               + "\": invalid reference format";
    remark(self, "Warning", "InspectFailed", why);
    rules::on_pull_failed(st.life, i, "InvalidImageName", why, now_of(self));
    return;
  }
  // Where the command is the machine's own, no image is needed.
  if (st.node->node.runtime == "process" && container.command_size() > 0)
    return rules::on_pulled(st.life, i, container.image());
  auto policy = rules::pull_policy(container);
  if (policy == "Always" || st.node->simulated)
    return fetch_image(self, i);
  container::ImageStatus msg;
  msg.set_image(container.image());
  ask_runtime<container::ImageStatusResult>(
      self, std::move(msg),
      [self, i, policy](const container::ImageStatusResult& result) {
        const auto& image = spec_of(self, i).image();
        if (result.has_image()) {
          remark(self, "Normal", "Pulled",
                 "Container image \"" + image
                     + "\" already present on machine");
          rules::on_pulled(self->state.life, i, result.image().id());
        } else if (policy == "Never") {
          fail_pull(self, i, "ErrImageNeverPull",
                    "Container image \"" + image
                        + "\" is not present with pull policy of Never");
        } else {
          fetch_image(self, i);
        }
      },
      [self, i](const caf::error& err) {
        fail_pull(self, i, "ErrImagePull", message_of(err));
      });
}

namespace {

void fail_create(pointer self, size_t i, const char* reason,
                 const caf::error& err) {
  remark(self, "Warning", "Failed", "Error: " + message_of(err));
  rules::on_create_failed(self->state.life, i, reason, message_of(err),
                          now_of(self));
  drive(self);
}

void send_create(pointer self, size_t i, container::ContainerConfig config) {
  container::CreateContainer msg;
  msg.set_sandbox_id(self->state.life.sandbox_id);
  *msg.mutable_config() = std::move(config);
  ask_runtime<container::Container>(
      self, std::move(msg),
      [self, i](const container::Container& made) {
        remark(self, "Normal", "Created",
               "Created container: " + spec_of(self, i).name());
        rules::on_created(self->state.life, i, made.id());
        // As it is told after a restart, too.
        if (!made.image_ref().empty())
          self->state.life.containers[i].image_id = made.image_ref();
      },
      [self, i](const caf::error& err) {
        fail_create(self, i,
                    is(err, ec::forbidden) ? "CreateContainerConfigError"
                                           : "CreateContainerError",
                    err);
      });
}

/// Adds the pod's own /etc/hosts, unless the container mounts one itself, to
/// what is written before the container starts. As a volume that no user can
/// name.
void add_hosts(pointer self, const Pod& pod, size_t i,
               container::ContainerConfig& config,
               std::vector<rules::volume_plan>& plans) {
  auto& st = self->state;
  constexpr auto path = "/etc/hosts";
  if (st.node->simulated || !st.ctx->outside().volumes
      || rules::mounts_itself(pod, i, path))
    return;
  auto& edge = st.ctx->outside().names;
  auto hosts = rules::pod_hosts(
      pod, edge && pod.spec().host_network() ? edge->machine().hosts : "");
  if (!hosts)
    return;
  rules::volume_plan plan;
  plan.name = "_hosts";
  plan.kind = rules::volume_plan::form::files;
  plan.files.push_back({"hosts", std::move(*hosts)});
  auto& mount = *config.add_mounts();
  mount.set_container_path(path);
  mount.set_host_path(volume_path(pod_folder(self), plan) + "/hosts");
  mount.set_best_effort(true);
  plans.push_back(std::move(plan));
}

int64_t memory_of(const core::v1::NodeStatus& node) {
  auto at = node.capacity().find("memory");
  return at == node.capacity().end() ? 0
                                     : text::quantity::of(at->second).value();
}

// Puts the container together. What is missing is told, and tried again.
void create_with(pointer self, size_t i, const rules::pod_references& known) {
  auto& st = self->state;
  if (!st.attended
      || st.life.containers[i].step != rules::container_step::creating)
    return;
  auto pod = with_addresses(self);
  const auto& spec = rules::container_at(pod, i);
  auto env = rules::container_env(pod, spec, known, *st.node->status);
  if (!env)
    return fail_create(self, i, "CreateContainerConfigError", env.error());
  // Where the node's network is the pod's, a program must know which of its
  // addresses to listen at.
  auto told = std::any_of(env->begin(), env->end(),
                          [](auto& x) { return x.first == "POD_IP"; });
  if (!told && !st.node->own_networks && !st.node->simulated)
    env->emplace_back("POD_IP", pod.status().pod_ip());
  auto config = rules::container_config(
      pod, i, st.life.containers[i].restarts, *env,
      [self, &pod](const std::string& name) {
        rules::volume_plan plan;
        plan.name = name;
        for (const auto& volume : pod.spec().volumes())
          if (volume.name() == name && volume.volume_source().has_host_path())
            return volume.volume_source().host_path().path();
        return volume_path(pod_folder(self), plan);
      },
      memory_of(*st.node->status));
  if (!config)
    return fail_create(self, i, "CreateContainerConfigError", config.error());
  auto folders = rules::sub_folders(pod, i, *env);
  std::vector<rules::volume_plan> plans;
  add_hosts(self, pod, i, *config, plans);
  if ((folders.empty() && plans.empty()) || !st.ctx->outside().volumes)
    return send_create(self, i, std::move(*config));
  st.prepared[i] =
      std::make_shared<container::ContainerConfig>(std::move(*config));
  st.ctx->outside().volumes->write(pod_folder(self), std::move(plans),
                                   std::move(folders),
                                   finish(self, "folders", i));
}

} // namespace

void create_container(pointer self, size_t i) {
  with_references(self, true, [self, i](const rules::pod_references& known) {
    create_with(self, i, known);
  });
}

void start_container(pointer self, size_t i) {
  auto id = self->state.life.containers[i].id;
  // The end of this attempt may have been told first, and the next be on its
  // way.
  auto is_present = [self, i, id] {
    return self->state.life.containers[i].id == id;
  };
  container::StartContainer msg;
  msg.set_container_id(id);
  ask_runtime<container::Container>(
      self, std::move(msg),
      [self, i, is_present](const container::Container& started) {
        auto& st = self->state;
        remark(self, "Normal", "Started",
               "Started container " + spec_of(self, i).name());
        if (!is_present())
          return;
        time_point at{std::chrono::duration_cast<time_point::duration>(
            std::chrono::nanoseconds{started.started_at()})};
        rules::on_started(pod_of(self), st.life, i, at);
        if (started.state() == container::EXITED)
          rules::on_exited(st.life, i, rules::end_of(started));
      },
      [self, i, is_present](const caf::error& err) {
        remark(self, "Warning", "Failed", "Error: " + message_of(err));
        if (is_present())
          rules::on_start_failed(self->state.life, i, message_of(err),
                                 now_of(self));
      });
}

void stop_container(pointer self, size_t i, rules::seconds grace) {
  auto& c = self->state.life.containers[i];
  auto text = "Stopping container " + spec_of(self, i).name();
  if (c.unhealthy)
    text = "Container " + spec_of(self, i).name() + " " + c.why
           + ", will be restarted";
  remark(self, "Normal", "Killing", text);
  container::StopContainer msg;
  msg.set_container_id(c.id);
  msg.set_grace_ms(grace.count() * 1000);
  ask_runtime<container::Container>(
      self, std::move(msg),
      [self, i](const container::Container& ended) {
        rules::on_exited(self->state.life, i, rules::end_of(ended));
      },
      [self, i, id = c.id](const caf::error& err) {
        if (!is(err, ec::not_found))
          return retry_soon(self, "stop containers");
        rules::container_end end;
        end.id = id;
        end.exit_code = 137;
        end.reason = "ContainerStatusUnknown";
        end.message = message_of(err);
        end.finished_at = now_of(self);
        rules::on_exited(self->state.life, i, std::move(end));
      });
}

void remove_container(pointer self, const std::string& id) {
  container::RemoveContainer msg;
  msg.set_container_id(id);
  // One that stays goes with its sandbox.
  ask_runtime<container::Done>(
      self, std::move(msg), [](const container::Done&) {},
      [](const caf::error&) {});
}

namespace {

// -- hooks --------------------------------------------------------------------

void run_hook_command(pointer self, size_t i, bool post_start,
                      const core::v1::ExecAction& action,
                      rules::seconds grace) {
  container::ExecSync msg;
  msg.set_container_id(self->state.life.containers[i].id);
  *msg.mutable_command() = action.command();
  msg.set_timeout_ms(grace.count() * 1000);
  ask_runtime<container::ExecResult>(
      self, std::move(msg),
      [self, i, post_start](const container::ExecResult& result) {
        auto code = result.exit_code();
        auto said =
            result.stderr().empty() ? std::string{} : ": " + result.stderr();
        hook_done(self, i, post_start,
                  code == 0
                      ? std::string{}
                      : "command exited with " + std::to_string(code) + said);
      },
      [self, i, post_start](const caf::error& err) {
        hook_done(self, i, post_start, message_of(err));
      });
}

} // namespace

void run_hook(pointer self, size_t i, bool post_start, rules::seconds grace) {
  const auto& lifecycle = spec_of(self, i).lifecycle();
  const auto& hook = post_start ? lifecycle.post_start() : lifecycle.pre_stop();
  std::string what = post_start ? "post start" : "pre stop";
  if (hook.has_exec())
    return run_hook_command(self, i, post_start, hook.exec(), grace);
  if (hook.has_sleep()) {
    system::Tick tick;
    tick.set_what(what);
    tick.set_number(i);
    self->delayed_send(self, std::chrono::seconds{hook.sleep().seconds()},
                       pb<system::Tick>{std::move(tick)});
    return;
  }
  auto& st = self->state;
  auto ip = st.life.ips.empty() ? std::string{} : st.life.ips.front();
  auto knock = knock_of(pod_of(self), i, hook, ip);
  if (knock && !st.ctx->outside().probes)
    knock = make_error(ec::service_unavailable, "there is no network here");
  if (!knock)
    return hook_done(self, i, post_start, message_of(knock.error()));
  knock->timeout = std::max(grace, rules::seconds{30});
  st.ctx->outside().probes->probe(
      std::move(*knock),
      [tell = finish(self, what, i)](net::probe_result result) {
        tell(result.ok ? std::string{} : "failed: " + result.message);
      });
}

void hook_done(pointer self, size_t i, bool post_start, std::string problem) {
  auto& st = self->state;
  if (!problem.empty())
    remark(self, "Warning",
           post_start ? "FailedPostStartHook" : "FailedPreStopHook", problem);
  if (post_start)
    rules::on_post_start(pod_of(self), st.life, i, problem.empty(), problem,
                         now_of(self));
  else
    rules::on_pre_stop(st.life, i);
}

void create_prepared(pointer self, size_t i, const std::string& problem) {
  auto& st = self->state;
  auto found = st.prepared.find(i);
  if (found == st.prepared.end())
    return;
  auto config = std::move(found->second);
  st.prepared.erase(found);
  if (!st.attended
      || st.life.containers[i].step != rules::container_step::creating)
    return;
  if (problem.empty())
    send_create(self, i, std::move(*config));
  else
    fail_create(self, i, "CreateContainerConfigError",
                make_error(ec::internal_error, problem));
}

} // namespace troupe
