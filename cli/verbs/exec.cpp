#include "cli/commands.hpp"
#include "cli/pods_of.hpp"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <ostream>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

constexpr uint32_t chunks_ahead = 16;

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
  std::string patience = "1m";
  bool stdin = false;
  bool tty = false;
  bool quiet = false;
};

/// Whether the command gets a terminal. Kubernetes: only together with input.
bool wants_terminal(const exec_command& cmd, environment& env) {
  if (!cmd.tty || !cmd.stdin)
    return false;
  if (isatty(STDIN_FILENO))
    return true;
  env.err() << "Unable to use a TTY - input is not a terminal or the right "
               "kind of file\n";
  return false;
}

call::OpenStream request_for(const exec_command& cmd, const object& pod,
                             bool terminal) {
  call::OpenStream msg;
  auto& exec = *msg.mutable_exec();
  fill(*exec.mutable_target(), pod, cmd.container);
  auto& options = *exec.mutable_options();
  options.mutable_command()->Assign(cmd.command.begin(), cmd.command.end());
  options.set_stdin(cmd.stdin);
  options.set_tty(terminal);
  options.set_credit(chunks_ahead);
  winsize size{};
  if (terminal && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
    options.set_width(size.ws_col);
    options.set_height(size.ws_row);
  }
  return msg;
}

void run_exec(const exec_command& cmd, environment& env) {
  if (cmd.command.empty()) {
    env.misuse("you must specify at least one command for the container");
    return;
  }
  auto patience = parse_patience(cmd.patience, "--pod-running-timeout");
  if (!patience) {
    env.misuse(message_of(patience.error()));
    return;
  }
  auto terminal = wants_terminal(cmd, env);
  if (terminal) {
    // Before the first thread starts, so that none takes it away from the one
    // that waits for it.
    sigset_t resized;
    sigemptyset(&resized);
    sigaddset(&resized, SIGWINCH);
    sigprocmask(SIG_BLOCK, &resized, nullptr);
  }
  auto pod = find_pod(cmd.pod, *patience, env);
  if (!pod)
    return;
  if (!cmd.quiet)
    tell_default(pod, cmd.container, env);
  auto show = [&](size_t, const container::StreamData& chunk) {
    auto& out = chunk.channel() == container::STDERR ? env.err() : env.out();
    out.write(chunk.data().data(),
              static_cast<std::streamsize>(chunk.data().size()));
    out.flush();
    return out.good();
  };
  expected<container::StreamEnd> end{make_error(ec::internal_error, "")};
  {
    raw_terminal raw{terminal};
    end = env.client()
              ->streams(
                  {request_for(cmd, pod, terminal)}, show,
                  {cmd.stdin ? STDIN_FILENO : -1, terminal ? STDIN_FILENO : -1})
              .front();
  }
  if (!end) {
    env.refused(end.error());
  } else if (!end->error().empty()) {
    env.fail(make_error(ec::internal_error, end->error()));
  } else {
    env.code = end->exit_code();
    if (env.code != done && !cmd.quiet)
      env.err() << "command terminated with exit code " << env.code << "\n";
  }
}

} // namespace

void add_exec(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<exec_command>();
  auto* sub = app.add_subcommand("exec", "Run a command in a container");
  sub->add_option("POD", cmd->pod, "POD, or deployment/NAME")->required();
  sub->add_option("COMMAND", cmd->command, "Behind --: command, arguments");
  sub->add_option("-c,--container", cmd->container, "Name of the container");
  sub->add_flag("-i,--stdin", cmd->stdin, "Pass standard input on");
  sub->add_flag("-t,--tty", cmd->tty, "Standard input is a terminal");
  sub->add_flag("-q,--quiet", cmd->quiet, "Only what the command prints");
  sub->add_option("--pod-running-timeout", cmd->patience,
                  "How long to wait for a pod of a workload");
  sub->callback([cmd, &env] {
    cmd->command.insert(cmd->command.end(), env.rest.begin(), env.rest.end());
    run_exec(*cmd, env);
  });
}

} // namespace troupe::cli
