#include "cli/detaching.hpp"

#include "cli/environment.hpp"
#include "cli/memory.hpp"
#include "cli/serving.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <ostream>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// Speaks to whoever started this process, until that has heard enough.
class speaker {
public:
  explicit speaker(int words) : out_(fdopen(words, "w")) {
    // nop
  }

  void say(const std::string& line) {
    std::lock_guard guard{mutex_};
    if (out_ == nullptr)
      return;
    fputs((line + "\n").c_str(), out_);
    fflush(out_);
  }

  /// From now on it speaks to the log.
  void turn_away() {
    std::lock_guard guard{mutex_};
    if (out_ != nullptr)
      fclose(out_);
    out_ = stdout;
  }

private:
  std::mutex mutex_; ///< threads that keep servers running speak, too
  FILE* out_;
};

/// Runs it in this process, which is to stay; until it is ready, who reads at
/// the other end of `words` sees what happens.
[[noreturn]] void stay(const make_serving& make, int words,
                       const std::string& log) {
  setsid();
  auto quiet = open("/dev/null", O_RDONLY);
  auto file = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  if (quiet >= 0)
    dup2(quiet, 0);
  if (file >= 0) {
    dup2(file, 1);
    dup2(file, 2);
  }
  speaker voice{words};
  give_memory_back();
  prepare_to_serve();
  auto process = make([&](const std::string& line) { voice.say(line); });
  if (auto failure = process->start()) {
    voice.say("error: " + message_of(failure));
    _exit(failed);
  }
  voice.say("ready");
  voice.turn_away();
  process->serve();
  _exit(done);
}

/// What was heard of a process that is to stay.
struct beginning {
  bool ready = false;
  bool told = false; ///< why it is not
};

beginning listen(int words, environment& env) {
  beginning result;
  auto in = fdopen(words, "r");
  char line[4096];
  while (fgets(line, sizeof(line), in) != nullptr) {
    std::string text{line};
    if (text == "ready\n") {
      result.ready = true;
      break;
    }
    auto bad = text.rfind("error: ", 0) == 0;
    result.told = result.told || bad;
    (bad ? env.err() : env.out()) << text << std::flush;
  }
  fclose(in);
  return result;
}

} // namespace

void run_in_front(const make_serving& make, environment& env) {
  prepare_to_serve();
  auto process =
      make([&env](const std::string& line) { env.out() << line << std::endl; });
  if (auto failure = process->start()) {
    env.err() << "error: " << message_of(failure) << std::endl;
    // Half a process: nothing in it is worth an end in order.
    std::_Exit(failed);
  }
  process->serve();
  end_served(env.out());
}

void run_detached(const make_serving& make, const std::string& log,
                  environment& env) {
  env.code = failed;
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    env.err() << "error: no pipe: " << std::strerror(errno) << "\n";
    return;
  }
  std::error_code ignored;
  fs::create_directories(fs::path{log}.parent_path(), ignored);
  auto child = fork();
  if (child < 0) {
    env.err() << "error: no process: " << std::strerror(errno) << "\n";
    return;
  }
  if (child == 0)
    stay(make, pipe_ends[1], log);
  close(pipe_ends[1]);
  auto heard = listen(pipe_ends[0], env);
  if (heard.ready) {
    env.code = done;
    return;
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!heard.told)
    env.err() << "error: the process ended; " << log << " may say why\n";
}

} // namespace troupe::cli
