#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/duration.hpp"

#include <CLI/CLI.hpp>

#include <ostream>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

constexpr uint32_t chunks_ahead = 16;

/// Returns the selector of the pods of a workload; "" when it has none.
std::string pod_selector(const object& x) {
  if (&x.kind() == &kind_of<apps::v1::Deployment>())
    return printing::selector_text(
        x.as<apps::v1::Deployment>().spec().selector());
  if (&x.kind() == &kind_of<apps::v1::ReplicaSet>())
    return printing::selector_text(
        x.as<apps::v1::ReplicaSet>().spec().selector());
  return {};
}

/// Returns the pod that POD or KIND/NAME means; none when there is none, and
/// the user knows.
object find_pod(const std::string& word, environment& env) {
  auto slashed = word.find('/') != std::string::npos;
  auto args = parse_resources({slashed ? word : "pod/" + word});
  if (!args) {
    env.misuse(message_of(args.error()));
    return {};
  }
  if (env.client() == nullptr)
    return {};
  auto& item = args->items.front();
  auto& pods = kind_of<core::v1::Pod>();
  auto found = env.client()->ask(
      about(call::GET, *item.kind, env.current_namespace(), item.name));
  if (!found) {
    env.fail(found.error());
    return {};
  }
  if (item.kind == &pods)
    return found->one();
  auto selector = pod_selector(found->one());
  if (selector.empty()) {
    env.misuse("cannot tell the pods of " + display_name(*item.kind, item.name)
               + ": name a pod, a deployment or a replica set");
    return {};
  }
  auto msg = about(call::LIST, pods, env.current_namespace());
  msg.set_label_selector(selector);
  auto list = env.client()->ask(msg);
  if (!list) {
    env.fail(list.error());
    return {};
  }
  if (list->objects.empty()) {
    env.err() << "error: no pods of " << display_name(*item.kind, item.name)
              << " yet\n";
    env.code = failed;
    return {};
  }
  if (list->objects.size() > 1)
    env.err() << "Found " << list->objects.size() << " pods, using pod/"
              << list->objects.front().name() << "\n";
  return list->objects.front();
}

/// Says which container is meant when none is named and there are several.
void tell_default(const object& pod, const std::string& container,
                  environment& env) {
  const auto& spec = pod.as<core::v1::Pod>().spec();
  if (!container.empty() || spec.containers_size() < 2
      || pod.meta().annotations().contains(
          "kubectl.kubernetes.io/default-container"))
    return;
  std::string names;
  for (auto& c : spec.containers())
    names += (names.empty() ? "" : ", ") + c.name();
  env.err() << "Defaulted container \"" << spec.containers(0).name()
            << "\" out of: " << names << "\n";
}

void fill(kubelet_api::PodTarget& target, const object& pod,
          const std::string& container) {
  target.set_namespace_(pod.ns());
  target.set_name(pod.name());
  target.set_container(container);
}

bool print_chunk(const container::StreamData& chunk, environment& env) {
  auto& out = chunk.channel() == container::STDERR ? env.err() : env.out();
  out.write(chunk.data().data(),
            static_cast<std::streamsize>(chunk.data().size()));
  out.flush();
  return out.good();
}

struct logs_command {
  std::vector<std::string> words;
  std::string container;
  std::string labels;
  std::string since;
  int64_t tail = -1;
  int64_t limit = 0;
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
};

void show_log(const logs_command& cmd, const object& pod, environment& env) {
  auto container = cmd.words.size() > 1 ? cmd.words[1] : cmd.container;
  tell_default(pod, container, env);
  call::OpenStream msg;
  auto& logs = *msg.mutable_logs();
  fill(*logs.mutable_target(), pod, container);
  logs.mutable_target()->set_previous(cmd.previous);
  auto& options = *logs.mutable_options();
  options.set_follow(cmd.follow);
  options.set_timestamps(cmd.timestamps);
  options.set_credit(chunks_ahead);
  if (cmd.tail >= 0)
    options.set_tail_lines(cmd.tail);
  if (cmd.limit > 0)
    options.set_limit_bytes(cmd.limit);
  if (!cmd.since.empty()) {
    auto ago = text::parse_duration(cmd.since);
    if (!ago) {
      env.misuse("--since: " + message_of(ago.error()));
      return;
    }
    auto from = real_world()->now().time_since_epoch() - *ago;
    options.set_since(
        std::chrono::duration_cast<std::chrono::nanoseconds>(from).count());
  }
  auto end = env.client()->stream(std::move(msg),
                                  [&](const container::StreamData& chunk) {
                                    return print_chunk(chunk, env);
                                  });
  if (!end)
    env.fail(end.error());
  else if (!end->error().empty())
    env.fail(make_error(ec::internal_error, end->error()));
}

void run_logs(logs_command& cmd, environment& env) {
  if (cmd.words.empty() == cmd.labels.empty()) {
    env.misuse("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]', "
               "or -l SELECTOR");
    return;
  }
  if (!cmd.words.empty()) {
    if (auto pod = find_pod(cmd.words.front(), env))
      show_log(cmd, pod, env);
    return;
  }
  if (env.client() == nullptr)
    return;
  auto msg =
      about(call::LIST, kind_of<core::v1::Pod>(), env.current_namespace());
  msg.set_label_selector(cmd.labels);
  auto list = env.client()->ask(msg);
  if (!list) {
    env.fail(list.error());
    return;
  }
  // kubectl: with a selector only the last lines of each.
  if (cmd.tail < 0)
    cmd.tail = 10;
  for (auto& pod : list->objects)
    show_log(cmd, pod, env);
}

/// Hands keys on as they are typed, as long as it lives.
class raw_terminal {
public:
  explicit raw_terminal(bool wanted) {
    active_ = wanted && tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!active_)
      return;
    auto raw = before_;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }

  ~raw_terminal() {
    if (active_)
      tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }

  raw_terminal(const raw_terminal&) = delete;
  raw_terminal& operator=(const raw_terminal&) = delete;

private:
  bool active_ = false;
  termios before_{};
};

struct exec_command {
  std::string pod;
  std::vector<std::string> command;
  std::string container;
  bool stdin = false;
  bool tty = false;
};

void run_exec(exec_command& cmd, environment& env) {
  if (cmd.command.empty()) {
    env.misuse("you must specify at least one command for the container");
    return;
  }
  auto pod = find_pod(cmd.pod, env);
  if (!pod)
    return;
  tell_default(pod, cmd.container, env);
  auto tty = cmd.tty && isatty(STDIN_FILENO);
  if (cmd.tty && !tty)
    env.err() << "Unable to use a TTY - input is not a terminal or the right "
                 "kind of file\n";
  call::OpenStream msg;
  auto& exec = *msg.mutable_exec();
  fill(*exec.mutable_target(), pod, cmd.container);
  auto& options = *exec.mutable_options();
  options.mutable_command()->Assign(cmd.command.begin(), cmd.command.end());
  options.set_stdin(cmd.stdin);
  options.set_tty(tty);
  options.set_credit(chunks_ahead);
  winsize size{};
  if (tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    options.set_width(size.ws_col);
    options.set_height(size.ws_row);
  }
  expected<container::StreamEnd> end{make_error(ec::internal_error, "")};
  {
    raw_terminal raw{tty && cmd.stdin};
    end = env.client()->stream(
        std::move(msg),
        [&](const container::StreamData& chunk) {
          return print_chunk(chunk, env);
        },
        cmd.stdin ? STDIN_FILENO : -1);
  }
  if (!end) {
    env.fail(end.error());
    return;
  }
  if (!end->error().empty()) {
    env.fail(make_error(ec::internal_error, end->error()));
    return;
  }
  env.code = end->exit_code();
  if (env.code != done)
    env.err() << "command terminated with exit code " << env.code << "\n";
}

} // namespace

void add_logs(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<logs_command>();
  auto* sub = app.add_subcommand("logs", "Print what a container wrote");
  sub->add_option("POD", cmd->words, "POD [CONTAINER], or deployment/NAME")
      ->expected(0, 2);
  sub->add_option("-c,--container", cmd->container, "Name of the container");
  sub->add_option("-l,--selector", cmd->labels, "Of all pods that match");
  sub->add_option("--since", cmd->since, "Not older than: 5s, 2m, 3h");
  sub->add_option("--tail", cmd->tail, "Only so many lines from the end");
  sub->add_option("--limit-bytes", cmd->limit, "At most so many bytes");
  sub->add_flag("-f,--follow", cmd->follow, "Then what follows");
  sub->add_flag("-p,--previous", cmd->previous,
                "Of the attempt before the present one");
  sub->add_flag("--timestamps", cmd->timestamps, "With each line's time");
  sub->callback([cmd, &env] { run_logs(*cmd, env); });
}

void add_exec(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<exec_command>();
  auto* sub = app.add_subcommand("exec", "Run a command in a container");
  sub->add_option("POD", cmd->pod, "POD, or deployment/NAME")->required();
  sub->add_option("COMMAND", cmd->command, "Behind --: command, arguments");
  sub->add_option("-c,--container", cmd->container, "Name of the container");
  sub->add_flag("-i,--stdin", cmd->stdin, "Pass standard input on");
  sub->add_flag("-t,--tty", cmd->tty, "With a terminal");
  sub->callback([cmd, &env] {
    cmd->command.insert(cmd->command.end(), env.rest.begin(), env.rest.end());
    run_exec(*cmd, env);
  });
}

} // namespace troupe::cli
