#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/examples.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

namespace troupe::cli {
namespace {

namespace fs = std::filesystem;

struct result {
  int code = 0;
  std::string out;
  std::string err;
};

/// Splits as a shell does with single quotes and comments.
std::vector<std::string> words_of(const std::string& line) {
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

/// Runs a command line where there is no cluster.
result run(const std::string& line) {
  std::ostringstream out, err;
  environment env{out, err};
  env.data_dir = fs::temp_directory_path() / "troupe-there-is-no-such-folder";
  result r;
  r.code = run_command_line(words_of(line), env);
  r.out = out.str();
  r.err = err.str();
  return r;
}

struct row {
  const char* line;
  const char* message; ///< a part of what stderr says
};

void expect_misuse(const std::vector<row>& rows) {
  for (auto& r : rows) {
    SCOPED_TRACE(r.line);
    auto got = run(r.line);
    EXPECT_EQ(got.code, wrong_usage) << got.err;
    EXPECT_EQ(got.out, "");
    EXPECT_NE(got.err.find(r.message), std::string::npos) << got.err;
  }
}

/// All commands by their full names.
void collect(const CLI::App& app, const std::string& name,
             std::vector<std::string>& into) {
  into.push_back(name);
  for (auto* sub : app.get_subcommands([](auto*) { return true; }))
    collect(*sub, name + " " + sub->get_name(), into);
}

std::vector<std::string> all_names() {
  std::ostringstream none;
  environment env{none, none};
  CLI::App app;
  for (auto& group : all_commands())
    for (auto add : group.commands)
      add(app, env);
  std::vector<std::string> result;
  for (auto* sub : app.get_subcommands([](auto*) { return true; }))
    collect(*sub, sub->get_name(), result);
  return result;
}

} // namespace

TEST(Usage, TakesShortFlagsWithAnEqualsSign) {
  expect_misuse({
      {"get pods -o=nothing", "format \"nothing\""},
      {"get pods -A=true -o=nothing", "format \"nothing\""},
      {"taint nodes -l=a=b x", "at least one taint update is required"},
  });
}

TEST(Usage, RefusesTaintsThatContradictEachOther) {
  expect_misuse({
      {"taint node n a=b:NoSchedule a-", "can not both modify and remove"},
      {"taint node n a:NoSchedule- a=b:NoSchedule",
       "can not both modify and remove"},
      {"taint node n a=b:NoSchedule a=c:NoSchedule", "duplicated taints"},
  });
}

TEST(Usage, WantsOneNameForADeployment) {
  expect_misuse({
      {"create deployment a b --image=x",
       "exactly one NAME is required, got 2"},
      {"drain n --pod-selector='a b'", "invalid --pod-selector"},
  });
}

TEST(Usage, ReadsNoInputWithoutEnd) {
  auto got = run("create -f /dev/zero");
  EXPECT_EQ(got.code, failed);
  EXPECT_NE(got.err.find("more than 96 MiB"), std::string::npos) << got.err;
}

TEST(Usage, EveryCommandRefusesAnUnknownFlag) {
  for (auto& name : all_names()) {
    auto got = run(name + " --no-such-flag");
    EXPECT_EQ(got.code, wrong_usage) << name;
    EXPECT_NE(got.err.find("unknown flag: --no-such-flag"), std::string::npos)
        << name << ": " << got.err;
    EXPECT_NE(got.err.find("See 'troupe " + name + " --help' for usage."),
              std::string::npos)
        << got.err;
  }
}

TEST(Usage, EveryCommandHasHelpWithExamples) {
  for (auto& name : all_names()) {
    auto got = run(name + " --help");
    EXPECT_EQ(got.code, done) << name;
    EXPECT_NE(got.out.find("Examples:\n"), std::string::npos) << name;
    EXPECT_NE(got.out.find("troupe " + name.substr(0, name.find(' '))),
              std::string::npos)
        << name;
    EXPECT_EQ(got.err, "") << name;
  }
}

TEST(Usage, EveryExampleIsWellFormed) {
  for (auto& name : all_names()) {
    std::istringstream text{std::string{examples_of(name)}};
    for (std::string line; std::getline(text, line);) {
      auto begin = line.find("troupe ");
      if (line.find('#') == 2 || begin == std::string::npos)
        continue;
      // Others do nothing where there is no cluster, or no such file.
      auto words = line.substr(begin + 7);
      auto verb = words.substr(0, words.find(' '));
      if (verb == "up" || verb == "server" || verb == "node" || verb == "down"
          || words.rfind("image pull", 0) == 0 || words == "image load -")
        continue;
      auto got = run(words);
      EXPECT_NE(got.code, wrong_usage) << line << "\n" << got.err;
    }
  }
}

TEST(Usage, WithoutWordsHelpIsShown) {
  auto got = run("");
  EXPECT_EQ(got.code, done);
  for (auto* part : {"Run a cluster", "Make and change", "Look", "Actors",
                     "explain", "status"})
    EXPECT_NE(got.out.find(part), std::string::npos) << part;
}

TEST(Usage, UnknownCommandsAreNamed) {
  expect_misuse({
      {"frobnicate", "unknown command \"frobnicate\" for \"troupe\""},
      {"gte pods", "Did you mean this?\n\tget"},
      {"create frob x", "unknown command \"frob\" for \"troupe create\""},
      {"rollout frob x", "unknown command \"frob\" for \"troupe rollout\""},
      // Whatever stands behind it, a command's name among it.
      {"frobnicate deployment x --max=3",
       "unknown command \"frobnicate\" for \"troupe\""},
      {"frobnicate -f x", "unknown command \"frobnicate\" for \"troupe\""},
      {"frob can-i get pods", "unknown command \"frob\" for \"troupe\""},
      {"-n x frob get pods", "unknown command \"frob\" for \"troupe\""},
      {"create frob x --image=y",
       "unknown command \"frob\" for \"troupe create\""},
      {"create --frob deployment x", "unknown flag: --frob"},
      {"-z", "unknown shorthand flag: -z"},
      {"--frob get pods", "unknown flag: --frob"},
      {"get pods --output", "--output"},
      {"get pods -n", "-n"},
  });
}

TEST(Usage, MissingWordsAreNamed) {
  expect_misuse({
      {"get", "You must specify the type of resource"},
      {"describe", "You must specify the type of resource"},
      {"delete", "name what to delete"},
      {"apply", "--filename is required"},
      {"replace", "--filename is required"},
      {"create", "must specify one of -f"},
      {"create service", "subcommand is required"},
      {"create secret", "subcommand is required"},
      {"create deployment web", "--image is required"},
      {"create deployment --image=x", "NAME is required"},
      {"create configmap", "NAME is required"},
      {"create namespace", "NAME is required"},
      {"create service clusterip web", "--tcp"},
      {"create service externalname web", "--external-name is required"},
      {"create secret tls x", "--cert is required"},
      {"create secret docker-registry x", "--docker-username"},
      {"run --image=x", "NAME is required"},
      {"run web", "--image is required"},
      {"set", "subcommand is required"},
      {"rollout", "subcommand is required"},
      {"rollout status", "required resource not specified"},
      {"label", "at least one label update is required"},
      {"label pod x", "at least one label update is required"},
      {"annotate pod x", "at least one annotation update is required"},
      {"taint node n", "at least one taint update is required"},
      {"cordon", "name the nodes"},
      {"drain", "name the nodes"},
      {"logs", "POD or TYPE/NAME is a required argument"},
      {"exec", "POD is required"},
      {"exec web", "you must specify at least one command"},
      {"wait pod/x", "--for is required"},
      {"wait --for=delete", "You must specify the type of resource"},
      {"patch pod x", "must specify --patch"},
      {"scale deployment x", "--replicas"},
      {"expose deployment", "no name was specified"},
      {"kill", "PATH is required"},
      {"why", "OBJECT is required"},
      {"explain", "KIND is required"},
  });
}

TEST(Usage, UnknownKindsAreNamed) {
  for (std::string line : {"get frobs",
                           "get frob/x",
                           "get pods,frobs",
                           "describe frobs",
                           "delete frobs x",
                           "delete frob/x",
                           "label frobs x a=b",
                           "annotate frobs x a=b",
                           "scale frobs x --replicas=1",
                           "expose frobs x --port=1",
                           "rollout status frobs/x",
                           "wait frobs/x --for=delete",
                           "patch frobs x -p {}",
                           "why frobs/x",
                           "explain frobs",
                           "explain frobs.spec",
                           "set image frobs/x a=b",
                           "logs frobs/x",
                           "exec frobs/x -- true",
                           "taint frobs x a=b:NoExecute",
                           "events --for frobs/x"}) {
    auto got = run(line);
    EXPECT_EQ(got.code, wrong_usage) << line << ": " << got.err;
    EXPECT_NE(got.err.find("frob"), std::string::npos)
        << line << ": " << got.err;
  }
}

TEST(Usage, BadValuesAreNamed) {
  expect_misuse({
      {"get pods -o frob", "output format \"frob\""},
      {"get pods -o jsonpath=", "no template given"},
      {"get pods -o 'jsonpath={.items'", "unclosed"},
      {"get pods -o jsonpath-file=/no/such", "/no/such"},
      {"get pods -o custom-columns=NAME", "custom-columns"},
      {"get pods -o go-template={{.x", "unclosed action"},
      {"get pods -o go-template={{frob}}", "function \"frob\" not defined"},
      {"get pods --template={{end}}", "unexpected {{end}}"},
      {"get pods -o go-template", "no template given"},
      {"get pods -o go-template-file=/no/such", "/no/such"},
      {"get pods --sort-by '{.x'", "unclosed"},
      {"create namespace x -o wide", "output format \"wide\""},
      {"create namespace x --dry-run=maybe", "--dry-run"},
      {"apply -f x --validate=perhaps", "--validate"},
      {"apply -f x --force-conflicts",
       "--force-conflicts only works with --server-side"},
      {"apply -f x --server-side --dry-run=client",
       "--dry-run=client doesn't work with --server-side"},
      {"run web --image=x --restart=Sometimes", "--restart"},
      {"run web --image=x --port=http", "\"http\""},
      {"run web --image=x --port=0", "between 1 and 65535"},
      {"run web --image=x --env=NOVALUE", "NOVALUE"},
      {"run web --image=x --labels=a", "\"a\""},
      {"create deployment web --image=x --replicas=many", "--replicas"},
      {"create deployment web --image=x --replicas=-1", "0 or more"},
      {"create deployment web --image=x --port=99999", "99999"},
      {"create service clusterip web --tcp=http", "\"http\""},
      {"create service nodeport web --tcp=80 --node-port=x", "node-port"},
      {"scale deployment x --replicas=lots",
       "invalid argument \"lots\" for \"--replicas\" flag"},
      {"expose deployment x --port=1 --protocol=ICMP", "--protocol"},
      {"expose deployment x --port=1 --type=Magic", "--type"},
      {"label pod x a", "\"a\""},
      {"label pod x a=b a-", "can not both modify and remove"},
      {"taint node x a=b", "invalid taint spec"},
      {"taint node x a=b:Sometimes", "invalid taint effect: Sometimes"},
      {"delete pod x --cascade=maybe", "--cascade"},
      {"delete pod x --grace-period=soon", "--grace-period"},
      {"delete pod x --timeout=soon", "invalid duration \"soon\""},
      {"logs x --since=yesterday", "\"yesterday\""},
      {"logs x --since=-5s", "must be greater than 0"},
      {"logs x --since-time=noon", "\"noon\""},
      {"logs x --tail=-2", "--tail must be greater than or equal to -1"},
      {"logs x --tail=all", "--tail"},
      {"logs x --limit-bytes=-1", "--limit-bytes"},
      {"logs x --pod-running-timeout=0s", "must be higher than zero"},
      {"exec x --pod-running-timeout=abc -- true", "\"abc\""},
      {"rollout status deployment/x --timeout=abc", "abc"},
      {"rollout undo deployment/x --to-revision=last", "--to-revision"},
      {"rollout undo deployment/x --dry-run=maybe", "--dry-run"},
      {"wait pod/x --for=magic", "unrecognized condition: \"magic\""},
      {"wait pod/x --for=jsonpath={.x", "unclosed"},
      {"wait pod/x --for=delete --timeout=abc", "\"abc\""},
      {"patch pod x -p {} --type=magic", "--type"},
      {"kill scheduler --for abc", "\"abc\""},
      {"kill scheduler --for 0s", "must be above 0"},
      {"kill scheduler --for -5s", "must be above 0"},
      {"up --nodes 0", "--nodes"},
      {"up --nodes many", "--nodes"},
      {"up --runtime magic", "--runtime"},
      {"up --network magic", "--network"},
      {"up --port 70000", "--port"},
      {"status -o xml", "--output"},
      {"explain pod.spec.frob", "field \"frob\" does not exist"},
      {"explain pod.spec.nodeName.x", "field \"x\" does not exist"},
      {"explain deployment --api-version=apps/v9", "apps/v9"},
      {"api-resources --sort-by=age", "--sort-by"},
      {"events --for pod", "resource/name"},
      {"events --types=Loud", "--types"},
  });
}

TEST(Usage, FlagsThatDoNotGoTogetherAreNamed) {
  expect_misuse({
      {"get pods x -A", "across all namespaces"},
      {"get pods x -l a=b", "selector is specified"},
      {"get pods,services -w", "single resource or type of resource"},
      {"get pods x y -w", "single resource or type of resource"},
      {"get pods --output-watch-events", "--watch"},
      {"get pods --subresource=status", "subresource cannot be used"},
      {"get pods x y/z", "resource/name form"},
      {"get pod/x y", "resource/name form"},
      {"delete pods x -l a=b", "selector is specified"},
      {"delete pods x --all", "selector is specified"},
      {"delete pods", "no name was specified"},
      {"delete pods x -f y", "name what to delete"},
      {"delete pod x --now --grace-period=5", "--now and --grace-period"},
      {"delete pod x --force --grace-period=5", "--force and --grace-period"},
      {"logs x -c a b", "only one of -c or an inline [CONTAINER]"},
      {"logs x a -c b", "only one of -c or an inline [CONTAINER]"},
      {"logs x -l a=b", "only a selector (-l) or a POD name"},
      {"logs x --all-containers -c a", "--all-containers"},
      {"logs x --since=1s --since-time=2026-01-01T00:00:00Z", "at most one"},
      {"logs x -f -p", "only one of follow"},
      {"run web --image=x --expose", "--port must be set"},
      {"cordon n -l a=b", "name the nodes"},
      {"patch pod x -p {} --patch-file=y", "--patch"},
      {"label pods x -l a=b c=d", "selector is specified"},
      {"wait pods --for=delete", "no name was specified"},
      {"create deployment web --image=a --image=b -- sh", "multiple --image"},
  });
}

TEST(Usage, WithoutAClusterCommandsSayHowToStartOne) {
  for (std::string line :
       {"get pods", "describe pod x", "apply -f /dev/null", "delete pod x",
        "topology", "kill scheduler", "why pod/x", "logs x", "exec x -- true",
        "scale deployment x --replicas=2", "events"}) {
    auto got = run(line);
    EXPECT_EQ(got.code, failed) << line;
    EXPECT_EQ(got.out, "") << line;
    EXPECT_NE(got.err, "") << line;
  }
  EXPECT_NE(run("get pods").err.find("start one with `troupe up`"),
            std::string::npos);
  auto status = run("status");
  EXPECT_EQ(status.code, failed);
  EXPECT_NE(status.out.find("not running"), std::string::npos) << status.out;
  EXPECT_EQ(run("status -o json").code, failed);
  auto down = run("down");
  EXPECT_EQ(down.code, failed);
  EXPECT_NE(down.err.find("no cluster in"), std::string::npos);
}

TEST(Usage, ClientDryRunsNeedNoCluster) {
  auto got = run("create deployment web --image=web:1 --dry-run=client");
  EXPECT_EQ(got.code, done) << got.err;
  EXPECT_EQ(got.out, "deployment.apps/web created (dry run)\n");
  got = run("run web --image=web:1 --dry-run=client -o name");
  EXPECT_EQ(got.out, "pod/web\n");
  got = run("create configmap c --from-literal=a=b --dry-run=client -o "
            "'jsonpath={.data.a}'");
  EXPECT_EQ(got.out, "b");
  got = run("create service clusterip web --tcp=80:8080 --dry-run=client -o "
            "yaml");
  EXPECT_NE(got.out.find("targetPort: 8080"), std::string::npos) << got.out;
}

TEST(Usage, VersionIsShown) {
  auto got = run("--version");
  EXPECT_EQ(got.code, done);
  EXPECT_NE(got.out.find('.'), std::string::npos);
}

} // namespace troupe::cli
