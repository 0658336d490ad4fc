#include "runtime/containers/fleet.hpp"
#include "runtime/containers/machine.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace troupe::simulation {

namespace {

namespace fs = std::filesystem;

constexpr int64_t begin_of_wall = 1767225600000000000; // 2026-01-01

/// Plays the steps of a file against a machine and writes down what is seen.
class player {
public:
  explicit player(script behaviour)
      : machine_(std::make_shared<const script>(std::move(behaviour)), 1) {
    // nop
  }

  std::string trace() const { return trace_; }

  void step(const std::string& line) {
    std::istringstream in{line};
    std::string at;
    std::string verb;
    in >> at >> verb;
    until(parse_duration(at)->count());
    std::vector<std::string> words{std::istream_iterator<std::string>{in}, {}};
    say("> " + verb + joined(words, 0));
    act(verb, words);
    tell(machine_.advance(now_));
  }

  void finish() { until(now_.monotonic + int64_t{3600} * 1000000000); }

private:
  static std::string joined(const std::vector<std::string>& words, size_t at) {
    std::string result;
    for (; at < words.size(); ++at)
      result += " " + words[at];
    return result;
  }

  void say(const std::string& text) {
    char time[32];
    snprintf(time, sizeof(time), "[%9.3f] ",
             static_cast<double>(now_.monotonic) / 1e9);
    trace_ += time + text + "\n";
  }

  void set(int64_t monotonic) { now_ = {monotonic, begin_of_wall + monotonic}; }

  void until(int64_t time) {
    while (auto due = machine_.next_due()) {
      if (*due > time)
        break;
      set(*due);
      tell(machine_.advance(now_));
    }
    set(time);
  }

  void tell(const std::vector<container::Event>& events) {
    for (auto& event : events) {
      auto& c = event.container();
      if (event.type() == container::CONTAINER_STARTED)
        say(c.id() + " runs as " + std::to_string(c.pid()));
      else
        say(c.id() + " exited with " + std::to_string(c.exit_code())
            + (c.signal() ? " by signal " + std::to_string(c.signal()) : "")
            + ": " + c.reason()
            + (c.message().empty() ? "" : ", " + c.message()));
    }
  }

  void report(const caf::error& err) {
    if (err)
      say("error: " + message_of(err));
  }

  std::string id(const std::string& name) { return ids_[name]; }

  void act(const std::string& verb, const std::vector<std::string>& words) {
    if (verb == "run")
      run(words);
    else if (verb == "create")
      create(words);
    else if (verb == "start")
      report(machine_.start(id(words[0]), now_));
    else if (verb == "stop")
      report(machine_.stop(id(words[0]),
                           parse_duration(words[1])->count() / 1000000, now_));
    else if (verb == "signal")
      report(machine_.signal(id(words[0]), std::stoi(words[1]), now_));
    else if (verb == "log")
      log(id(words[0]));
    else if (verb == "exec")
      exec(id(words[0]), joined(words, 1).substr(1));
    else if (verb == "pull")
      pull(words[0]);
    else
      FAIL() << "no step " << verb;
  }

  void run(const std::vector<std::string>& words) {
    container::SandboxConfig config;
    config.set_uid(words[0]);
    config.set_name(words[0]);
    config.set_namespace_("default");
    for (size_t i = 1; i < words.size(); ++i) {
      auto sign = words[i].find('=');
      (*config.mutable_annotations())[words[i].substr(0, sign)] =
          words[i].substr(sign + 1);
    }
    auto result = machine_.run(config, now_);
    report(result ? caf::error{} : result.error());
  }

  void create(const std::vector<std::string>& words) {
    container::ContainerConfig config;
    config.set_name(words[1]);
    config.set_image(words[2].substr(6));
    auto result = machine_.create(words[0] + "_0", config, now_);
    if (!result)
      return report(result.error());
    auto name = words[1];
    while (ids_.count(name) > 0)
      name += "2";
    ids_[name] = result->id();
  }

  void log(const std::string& of) {
    auto lines = machine_.log(of);
    if (!lines)
      return report(lines.error());
    for (auto& line : *lines)
      say("  " + *line.text);
  }

  void exec(const std::string& in, const std::string& command) {
    auto rule = machine_.exec(in, command);
    if (!rule)
      return report(rule.error());
    say("  " + std::to_string(rule->exit_code) + " \"" + rule->output + "\" \""
        + rule->errors + "\"");
  }

  void pull(const std::string& image) {
    auto delay = machine_.pull(image);
    if (!delay)
      return report(delay.error());
    say("  " + std::to_string(delay->count() / 1000000) + " ms");
  }

  machine machine_;
  moment now_{0, begin_of_wall};
  std::string trace_;
  std::map<std::string, std::string> ids_;
};

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string play(const fs::path& input) {
  auto documents = YAML::LoadAll(content(input));
  YAML::Emitter text;
  text << documents.at(0);
  auto behaviour = parse_script(text.c_str());
  EXPECT_TRUE(behaviour) << input;
  if (!behaviour)
    return message_of(behaviour.error());
  player p{std::move(*behaviour)};
  for (auto step : documents.at(1))
    p.step(step.Scalar());
  p.finish();
  return p.trace();
}

} // namespace

/// Each x.input.yaml leads to x.output.txt. TROUPE_REWRITE=1 writes those anew;
/// only commit what you understand.
TEST(Machine, PlaysEveryScriptAsWrittenDown) {
  auto folder = fs::path{TROUPE_SOURCE_DIR} / "tests/runtime/containers/data";
  int played = 0;
  for (auto& entry : fs::directory_iterator{folder}) {
    auto input = entry.path().string();
    auto at = input.find(".input.yaml");
    if (at == input.npos)
      continue;
    auto output = input.substr(0, at) + ".output.txt";
    auto trace = play(input);
    if (getenv("TROUPE_REWRITE"))
      std::ofstream{output} << trace;
    EXPECT_EQ(trace, content(output)) << input;
    ++played;
  }
  EXPECT_GE(played, 4);
}

TEST(Machine, PlaysTheSameTwice) {
  auto input = fs::path{TROUPE_SOURCE_DIR}
               / "tests/runtime/containers/data/told.input.yaml";
  EXPECT_EQ(play(input), play(input));
}

TEST(Machine, AnswersARepeatedCreateWithTheFirst) {
  machine m{std::make_shared<const script>(), 1};
  container::SandboxConfig pod;
  pod.set_uid("u");
  pod.set_name("web");
  auto first = m.run(pod, {1, 1});
  auto again = m.run(pod, {2, 2});
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  EXPECT_EQ(m.pods(), 1u);
  container::ContainerConfig config;
  config.set_name("main");
  auto c = m.create("u_0", config, {1, 1});
  auto d = m.create("u_0", config, {9, 9});
  ASSERT_TRUE(c && d);
  EXPECT_EQ(c->SerializeAsString(), d->SerializeAsString());
  m.remove_sandbox("u_0", {3, 3});
  m.remove_sandbox("u_0", {3, 3});
  EXPECT_EQ(m.containers(), 0u);
}

TEST(Machine, EndsEveryContainerOfAStoppedSandbox) {
  machine m{std::make_shared<const script>(), 1};
  container::SandboxConfig pod;
  pod.set_uid("u");
  pod.set_name("web");
  ASSERT_TRUE(m.run(pod, {1, 1}));
  container::ContainerConfig config;
  config.set_name("main");
  auto c = m.create("u_0", config, {1, 1});
  ASSERT_TRUE(c);
  EXPECT_FALSE(m.start(c->id(), {1, 1}));
  EXPECT_EQ(m.running(), 1u);
  EXPECT_FALSE(m.stop_sandbox("u_0", {2, 2}));
  EXPECT_EQ(m.running(), 0u);
  EXPECT_EQ(m.advance({3, 3}).size(), 2u);
  EXPECT_EQ(m.status(c->id())->exit_code(), 137);
  EXPECT_TRUE(is(m.create("u_0", config, {4, 4})
                     ? caf::error{}
                     : m.create("u_0", config, {4, 4}).error(),
                 ec::conflict));
}

TEST(Fleet, KeepsAMachinePerNode) {
  fleet nodes{script{}, 7};
  container::SandboxConfig config;
  config.set_uid("u");
  config.set_name("web");
  ASSERT_TRUE(nodes.take("node-1")->run(config, {1, 1}));
  EXPECT_EQ(nodes.take("node-1")->pods(), 1u);
  EXPECT_EQ(nodes.take("node-2")->pods(), 0u);
  EXPECT_EQ(nodes.look().at("node-1").sandboxes(0).uid(), "u");
  nodes.lose("node-1");
  EXPECT_EQ(nodes.take("node-1")->pods(), 0u);
}

TEST(Fleet, GivesAMachineToOneAtATime) {
  fleet nodes{script{}, 7};
  auto first = nodes.take("node-1");
  auto second = nodes.take("node-1");
  EXPECT_THROW(first->pods(), machine_lost);
  EXPECT_EQ(second->pods(), 0u);
  nodes.lose("node-1");
  EXPECT_THROW(second->pods(), machine_lost);
}

} // namespace troupe::simulation
