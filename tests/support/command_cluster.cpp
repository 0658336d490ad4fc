#include "tests/support/command_cluster.hpp"

#include "cli/command_line.hpp"
#include "cli/directory_lock.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <pty.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto patience = 60s;

/// The cluster of the program, from the first test on.
class shared_cluster {
public:
  shared_cluster() {
    std::string name = fs::temp_directory_path() / "troupe-commands-XXXXXX";
    if (mkdtemp(name.data()) == nullptr)
      std::abort();
    folder = name;
    shell(TROUPE_SOURCE_DIR "/examples/images " + folder.string());
    shell(TROUPE_BUILD_DIR "/troupe up --nodes 3 --port 0 --runtime process "
                           "--network loopback --detach --data-dir "
          + folder.string());
    auto opened = open();
    if (!opened) {
      std::cerr << "no cluster: " << message_of(opened.error()) << "\n";
      std::abort();
    }
    client = std::move(*opened);
  }

  ~shared_cluster() {
    client.reset();
    shell(TROUPE_BUILD_DIR "/troupe down --data-dir " + folder.string());
    fs::remove_all(folder);
  }

  fs::path folder;
  std::shared_ptr<command_client> client;

private:
  static void shell(const std::string& line) {
    if (std::system((line + " </dev/null >/dev/null").c_str()) != 0) {
      std::cerr << "failed: " << line << "\n";
      std::abort();
    }
  }

  expected<std::shared_ptr<command_client>> open() {
    auto config = crypto::read_kubeconfig(folder / "kubeconfig");
    if (!config)
      return config.error();
    auto access = crypto::choose(*config, {});
    if (!access)
      return access.error();
    auto connected = command_client::connect(*access);
    if (!connected)
      return connected.error();
    return std::shared_ptr<command_client>{std::move(*connected)};
  }
};

std::unique_ptr<shared_cluster> the_cluster;

/// Ends the cluster before the program's own end begins.
struct end_of_cluster : ::testing::Environment {
  void TearDown() override { the_cluster.reset(); }
};

[[maybe_unused]] auto* registered =
    ::testing::AddGlobalTestEnvironment(new end_of_cluster);

shared_cluster& cluster() {
  if (!the_cluster)
    the_cluster = std::make_unique<shared_cluster>();
  return *the_cluster;
}

command_result run_words(std::vector<std::string> words) {
  std::ostringstream out, err;
  cli::environment env{out, err, cluster().client};
  env.data_dir = cluster().folder;
  command_result r;
  r.code = cli::run_command_line(std::move(words), env);
  r.out = out.str();
  r.err = err.str();
  return r;
}

} // namespace

std::vector<std::string> split_command(const std::string& line) {
  std::vector<std::string> out;
  std::string word;
  bool quoted = false, any = false;
  for (char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      any = true;
    } else if (c == ' ' && !quoted) {
      if (any)
        out.push_back(std::exchange(word, {}));
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any)
    out.push_back(word);
  return out;
}

std::string squeezed(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\n')
      while (!out.empty() && out.back() == ' ')
        out.pop_back();
    if (c != ' ' || (!out.empty() && out.back() != ' ' && out.back() != '\n'))
      out += c;
  }
  return out;
}

void Commands::SetUp() {
  // Kubernetes: names of namespaces are DNS labels.
  auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  static std::atomic<int> count{0};
  ns_ = "t" + std::to_string(++count);
  for (auto* c = info->name(); *c != '\0' && ns_.size() < 40; ++c)
    ns_ += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  std::string name = fs::temp_directory_path() / "troupe-test-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
  auto made = run_words({"create", "namespace", ns_});
  ASSERT_EQ(made.code, 0) << made.err;
  // What every namespace gets would be taken for a change.
  ASSERT_TRUE(until_prints("get configmap kube-root-ca.crt", "kube-root-ca"));
  ASSERT_TRUE(until_prints("get serviceaccount default", "default"));
}

void Commands::TearDown() {
  run_words({"delete", "namespace", ns_, "--wait=false"});
  fs::remove_all(folder_);
}

fs::path Commands::data_dir() {
  return cluster().folder;
}

std::string Commands::filled(std::string text) const {
  auto put = [&](const std::string& name, const std::string& value) {
    for (auto at = text.find(name); at != std::string::npos;
         at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  };
  put("$NS", ns_);
  put("$DIR", folder_.string());
  return text;
}

command_result Commands::run(const std::string& line) {
  auto words = split_command(filled(line));
  auto own = std::find(words.begin(), words.end(), "-n") != words.end();
  if (!own)
    words.insert(words.begin(), {"-n", ns_});
  return run_words(std::move(words));
}

std::string Commands::out_of(const std::string& line) {
  auto got = run(line);
  EXPECT_EQ(got.code, 0) << line << "\n" << got.err;
  return got.out;
}

void Commands::expect(const std::vector<command_row>& rows) {
  auto check = [this](const std::string& text,
                      const std::vector<const char*>& parts,
                      const char* which) {
    if (parts.empty()) {
      EXPECT_EQ(text, "") << which;
    }
    for (auto* part : parts)
      EXPECT_TRUE(text.find(filled(part)) != std::string::npos)
          << which << " lacks: " << filled(part)
          << "\nit is: " << text.substr(0, 1500);
  };
  for (auto& r : rows) {
    SCOPED_TRACE(filled(r.line));
    auto before = r.code == 0 ? std::string{} : snapshot();
    auto got = run(r.line);
    EXPECT_EQ(got.code, r.code) << got.out << got.err;
    check(squeezed(got.out), r.out, "stdout");
    check(got.err, r.err, "stderr");
    if (r.code != 0) {
      EXPECT_EQ(snapshot(), before) << "it was refused and changed something";
    }
  }
}

::testing::AssertionResult Commands::until_prints(const std::string& line,
                                                  const std::string& part) {
  auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto got = run(line);
    if (got.code == 0 && squeezed(got.out).find(part) != std::string::npos)
      return ::testing::AssertionSuccess();
    if (std::chrono::steady_clock::now() > end)
      return ::testing::AssertionFailure()
             << filled(line) << " does not print \"" << part << "\":\n"
             << got.out << got.err;
  }
}

std::string Commands::snapshot() {
  nlohmann::json all;
  for (std::string kind : {"configmaps", "secrets", "services", "deployments",
                           "replicasets", "serviceaccounts", "pods", "nodes"}) {
    auto got = run_words({"-n", ns_, "get", kind, "-o", "json"});
    auto list = nlohmann::json::parse(got.out, nullptr, false);
    if (!list.is_object())
      return "cannot list " + kind + ": " + got.err;
    for (auto& x : list["items"]) {
      // What is going goes; a delete that was refused and done shows by what
      // is missing.
      if (x["metadata"].contains("deletionTimestamp"))
        continue;
      x.erase("status");
      x["metadata"].erase("resourceVersion");
      x["metadata"].erase("annotations");
      // What the node controller makes of cordons and deaths comes later.
      if (x.contains("spec") && x["spec"].contains("taints"))
        for (auto t = x["spec"]["taints"].begin();
             t != x["spec"]["taints"].end();)
          t = (*t)["key"].get<std::string>().rfind("node.kubernetes.io/", 0)
                      == 0
                  ? x["spec"]["taints"].erase(t)
                  : t + 1;
      if (x.contains("spec")
          && x["spec"].value("taints", nlohmann::json{}).empty())
        x["spec"].erase("taints");
      all[kind].push_back(x);
    }
  }
  return all.dump(1);
}

void Commands::write(const std::string& name, const std::string& content) {
  std::ofstream{folder_ / name} << filled(content);
}

running_command::running_command(const fs::path& data_dir,
                                 std::vector<std::string> words, int width,
                                 int height) {
  words.insert(words.begin(),
               {TROUPE_BUILD_DIR "/troupe", "--data-dir", data_dir.string()});
  std::vector<char*> argv;
  for (auto& word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  if (width > 0) {
    winsize size{};
    size.ws_col = static_cast<unsigned short>(width);
    size.ws_row = static_cast<unsigned short>(height);
    pid_ = forkpty(&from_, nullptr, nullptr, &size);
    input_ = from_;
  } else {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
      std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      dup2(out[1], 2);
    }
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    from_ = out[0];
  }
  if (pid_ == 0) {
    execv(argv[0], argv.data());
    _exit(127);
  }
}

running_command::~running_command() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(from_);
  if (input_ >= 0 && input_ != from_)
    close(input_);
}

void running_command::type(const std::string& text) {
  [[maybe_unused]] auto n = ::write(input_, text.data(), text.size());
}

void running_command::close_input() {
  close(std::exchange(input_, -1));
}

void running_command::resize(int width, int height) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(width);
  size.ws_row = static_cast<unsigned short>(height);
  ioctl(from_, TIOCSWINSZ, &size);
}

void running_command::signal(int which) {
  kill(pid_, which);
}

bool running_command::read_some(
    std::chrono::steady_clock::time_point deadline) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd ready{from_, POLLIN, 0};
  if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) != 1)
    return false;
  char buffer[4096];
  auto n = read(from_, buffer, sizeof(buffer));
  if (n > 0)
    output_.append(buffer, static_cast<size_t>(n));
  return n > 0;
}

::testing::AssertionResult running_command::prints(const std::string& part) {
  auto deadline = std::chrono::steady_clock::now() + 30s;
  while (output_.find(part) == std::string::npos)
    if (!read_some(deadline))
      return ::testing::AssertionFailure() << "no \"" << part << "\" in:\n"
                                           << output_;
  return ::testing::AssertionSuccess();
}

bool running_command::prints_soon(const std::string& part) {
  auto deadline = std::chrono::steady_clock::now() + 100ms;
  while (output_.find(part) == std::string::npos)
    if (!read_some(deadline))
      return false;
  return true;
}

int running_command::wait() {
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (read_some(deadline)) {
    // Until it closes its end.
  }
  if (std::chrono::steady_clock::now() >= deadline)
    kill(pid_, SIGKILL);
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace troupe::test
