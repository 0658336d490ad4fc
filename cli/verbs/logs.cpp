#include "cli/commands.hpp"
#include "cli/pods_of.hpp"
#include "cli/resources.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "runtime/system/context.hpp"
#include "runtime/text/duration.hpp"
#include "runtime/text/timestamp.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <ostream>

namespace troupe::cli {

namespace {

constexpr uint32_t chunks_ahead = 16;

struct logs_command {
  std::vector<std::string> words;
  std::string container;
  std::string labels;
  std::string since;
  std::string since_time;
  std::string patience = "20s";
  int64_t tail = -1;
  int64_t limit = 0;
  int64_t most_streams = 5;
  bool all_containers = false;
  bool all_pods = false;
  bool follow = false;
  bool ignore_errors = false;
  bool prefix = false;
  bool previous = false;
  bool timestamps = false;
};

/// One log to show.
struct source {
  object pod;
  std::string container; ///< "" for the pod's default
  std::string partial;   ///< a line whose end has not come yet
};

/// What is wrong with how the command was called; "" for nothing.
std::string misuse_of(const logs_command& cmd) {
  if (cmd.words.empty() && cmd.labels.empty())
    return "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD "
           "or TYPE/NAME is a required argument for the logs command";
  if (!cmd.words.empty() && !cmd.labels.empty())
    return "only a selector (-l) or a POD name is allowed";
  if (cmd.words.size() > 1 && !cmd.container.empty())
    return "only one of -c or an inline [CONTAINER] arg is allowed";
  if (cmd.all_containers && (!cmd.container.empty() || cmd.words.size() > 1))
    return "--all-containers=true should not be specified with container name";
  if (!cmd.since.empty() && !cmd.since_time.empty())
    return "at most one of --since and --since-time may be used";
  if (cmd.tail < -1)
    return "--tail must be greater than or equal to -1";
  if (cmd.limit < 0)
    return "--limit-bytes must be greater than 0";
  if (cmd.previous && cmd.follow)
    return "only one of follow (-f) or previous (-p) is allowed";
  return {};
}

/// From which instant on, in nanoseconds since 1970; 0 for the beginning.
expected<int64_t> beginning_of(const logs_command& cmd) {
  using namespace std::chrono;
  if (!cmd.since_time.empty()) {
    auto at = text::parse_timestamp(cmd.since_time);
    if (!at)
      return make_error(ec::bad_request, "invalid argument \"" + cmd.since_time
                                             + "\" for \"--since-time\" flag: "
                                             + message_of(at.error()));
    // What lies beyond what nanoseconds can count is far away either way.
    constexpr int64_t most = 9'000'000'000;
    return std::clamp(at->seconds, -most, most) * 1'000'000'000 + at->nanos;
  }
  if (cmd.since.empty())
    return 0;
  auto ago = text::parse_duration(cmd.since);
  if (!ago || ago->count() <= 0)
    return make_error(
        ec::bad_request,
        "invalid argument \"" + cmd.since + "\" for \"--since\" flag: "
            + (ago ? "must be greater than 0" : message_of(ago.error())));
  auto now = real_world()->now().time_since_epoch();
  return duration_cast<nanoseconds>(now - *ago).count();
}

class log_reader {
public:
  log_reader(const logs_command& cmd, environment& env)
      : cmd_(cmd), env_(env), prefix_(cmd.prefix || cmd.all_pods) {
    // nop
  }

  void run() {
    if (auto wrong = misuse_of(cmd_); !wrong.empty()) {
      env_.misuse(wrong);
      return;
    }
    auto from = beginning_of(cmd_);
    auto patience = parse_patience(cmd_.patience, "--pod-running-timeout");
    if (!from || !patience) {
      env_.misuse(message_of(from ? patience.error() : from.error()));
      return;
    }
    from_ = *from;
    if (!find_sources(*patience))
      return;
    if (cmd_.follow
        && static_cast<int64_t>(sources_.size()) > cmd_.most_streams) {
      env_.fail(make_error(
          ec::bad_request,
          "you are attempting to follow " + std::to_string(sources_.size())
              + " log streams, but maximum allowed concurrency is "
              + std::to_string(cmd_.most_streams)
              + ", use --max-log-requests to increase the limit"));
      return;
    }
    if (cmd_.follow) {
      show(0, sources_.size());
      return;
    }
    // One after the other, so that they stay apart.
    for (size_t i = 0; i < sources_.size(); ++i)
      if (!show(i, 1))
        return;
  }

private:
  /// Returns whether there is anything to show.
  bool find_sources(std::chrono::milliseconds patience) {
    if (!cmd_.words.empty() && cmd_.all_pods) {
      for (auto& pod : find_pods(cmd_.words.front(), patience, env_))
        add_sources(pod);
      return !sources_.empty();
    }
    if (!cmd_.words.empty()) {
      auto pod = find_pod(cmd_.words.front(), patience, env_);
      if (pod)
        add_sources(pod);
      return static_cast<bool>(pod);
    }
    if (env_.client() == nullptr)
      return false;
    auto msg =
        about(call::LIST, kind_of<core::v1::Pod>(), env_.current_namespace());
    msg.set_label_selector(cmd_.labels);
    auto list = env_.client()->ask(msg);
    if (!list) {
      env_.refused(list.error());
      return false;
    }
    if (list->objects.empty())
      env_.err() << "No resources found in " << env_.current_namespace()
                 << " namespace.\n";
    for (auto& pod : list->objects)
      add_sources(pod);
    return !sources_.empty();
  }

  void add_sources(const object& pod) {
    if (!cmd_.all_containers) {
      auto name = cmd_.words.size() > 1 ? cmd_.words[1] : cmd_.container;
      tell_default(pod, name, env_);
      sources_.push_back({pod, name, {}});
      return;
    }
    const auto& spec = pod.as<core::v1::Pod>().spec();
    for (auto& c : spec.init_containers())
      sources_.push_back({pod, c.name(), {}});
    for (auto& c : spec.containers())
      sources_.push_back({pod, c.name(), {}});
  }

  call::OpenStream request_for(const source& x) const {
    call::OpenStream msg;
    auto& logs = *msg.mutable_logs();
    fill(*logs.mutable_target(), x.pod, x.container);
    logs.mutable_target()->set_previous(cmd_.previous);
    auto& options = *logs.mutable_options();
    options.set_follow(cmd_.follow);
    options.set_timestamps(cmd_.timestamps);
    options.set_credit(chunks_ahead);
    // Kubernetes: with a selector only the last lines of each.
    auto tail = cmd_.tail < 0 && !cmd_.labels.empty() ? 10 : cmd_.tail;
    if (tail >= 0)
      options.set_tail_lines(tail);
    if (cmd_.limit > 0)
      options.set_limit_bytes(cmd_.limit);
    if (from_ != 0)
      options.set_since(from_);
    return msg;
  }

  /// Shows so many logs at once; returns whether to go on with others.
  bool show(size_t first, size_t count) {
    std::vector<call::OpenStream> msgs;
    for (size_t i = first; i < first + count; ++i)
      msgs.push_back(request_for(sources_[i]));
    auto whole = !prefix_ && count == 1;
    auto ends = env_.client()->streams(
        std::move(msgs), [&](size_t i, const container::StreamData& chunk) {
          if (whole)
            env_.out() << chunk.data();
          else
            print_lines(sources_[first + i], chunk.data());
          env_.out().flush();
          return env_.out().good();
        });
    for (size_t i = 0; i < ends.size(); ++i) {
      if (!sources_[first + i].partial.empty())
        print_lines(sources_[first + i], "\n");
      if (ends[i] && ends[i]->error().empty())
        continue;
      if (ends[i])
        env_.fail(make_error(ec::internal_error, ends[i]->error()));
      else
        env_.refused(ends[i].error());
      if (!cmd_.ignore_errors)
        return false;
      env_.code = done;
    }
    return true;
  }

  /// Whole lines only, so that several logs do not mix within one.
  void print_lines(source& x, const std::string& text) {
    x.partial += text;
    size_t from = 0;
    for (auto end = x.partial.find('\n'); end != std::string::npos;
         from = end + 1, end = x.partial.find('\n', from)) {
      if (prefix_)
        env_.out() << "[pod/" << x.pod.name() << "/" << name_of(x) << "] ";
      env_.out() << x.partial.substr(from, end + 1 - from);
    }
    x.partial.erase(0, from);
  }

  static std::string name_of(const source& x) {
    return x.container.empty()
               ? x.pod.as<core::v1::Pod>().spec().containers(0).name()
               : x.container;
  }

  const logs_command& cmd_;
  environment& env_;
  bool prefix_;
  int64_t from_ = 0;
  std::vector<source> sources_;
};

} // namespace

void add_logs(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<logs_command>();
  auto* sub = app.add_subcommand("logs", "Print what a container wrote");
  sub->add_option("POD", cmd->words, "POD [CONTAINER], or deployment/NAME")
      ->expected(0, 2);
  sub->add_option("-c,--container", cmd->container, "Name of the container");
  sub->add_flag("--all-containers", cmd->all_containers,
                "Of all containers of the pod");
  sub->add_flag("--all-pods", cmd->all_pods,
                "Of all pods of the workload, each line with its own");
  sub->add_option("-l,--selector", cmd->labels, "Of all pods that match");
  sub->add_option("--since", cmd->since, "Not older than: 5s, 2m, 3h");
  sub->add_option("--since-time", cmd->since_time,
                  "Not older than: 2026-01-02T15:04:05Z");
  sub->add_option("--tail", cmd->tail, "Only so many lines from the end");
  sub->add_option("--limit-bytes", cmd->limit, "At most so many bytes");
  sub->add_flag("-f,--follow", cmd->follow, "Then what follows");
  sub->add_flag("-p,--previous", cmd->previous,
                "Of the run before the present one");
  sub->add_flag("--timestamps", cmd->timestamps, "With each line's time");
  sub->add_flag("--prefix", cmd->prefix, "With each line's pod and container");
  sub->add_flag("--ignore-errors", cmd->ignore_errors,
                "Go on with the others when one cannot be read");
  sub->add_option("--max-log-requests", cmd->most_streams,
                  "How many logs to follow at once at most");
  sub->add_option("--pod-running-timeout", cmd->patience,
                  "How long to wait for a pod of a workload");
  sub->callback([cmd, &env] { log_reader{*cmd, env}.run(); });
}

} // namespace troupe::cli
