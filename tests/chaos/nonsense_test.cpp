#include "cli/command_line.hpp"
#include "cli/environment.hpp"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/text/yaml_reader.hpp"
#include "tests/chaos/dice.hpp"
#include "tests/chaos/mutations.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

/// Whatever is typed or handed in: an error that says what is wrong, or done.
class Nonsense : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    real_options options;
    options.nodes = 1;
    options.runtime = "simulated";
    cluster_ = new real_cluster{options};
    ASSERT_TRUE(cluster_->up()) << cluster_->output();
  }

  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  void SetUp() override {
    env_.data_dir = cluster_->data().string();
    failures_ = failures();
  }

  /// Runs a command line in this process; what it prints is kept.
  int run(const std::vector<std::string>& words) {
    out_.str({});
    err_.str({});
    env_.ns.clear();
    return cli::run_command_line(words, env_);
  }

  int apply(const std::string& manifest, const std::string& verb = "apply") {
    auto file = cluster_->folder() / "nonsense.yaml";
    std::ofstream{file, std::ios::binary} << manifest;
    return run({verb, "-f", file.string()});
  }

  /// How often actors ended unasked, by path. Sessions come and go.
  static std::map<std::string, uint32_t> failures() {
    std::map<std::string, uint32_t> result;
    auto all = cluster_->client().actors();
    if (!all)
      return {{message_of(all.error()), 1}};
    for (auto& a : all->actors())
      if (a.restarts() > 0)
        result[a.path() + ": " + a.last_failure()] = a.restarts();
    return result;
  }

  void expect_nobody_died(const std::string& of) {
    auto now = failures();
    EXPECT_EQ(now, failures_) << of;
    failures_ = now;
  }

  /// An error of one's own making is told in words, with what it is about.
  void expect_words(int code, const mutation& m) {
    auto said = err_.str();
    EXPECT_TRUE(code == 1 || code == 2) << code << " " << m.what;
    EXPECT_NE(said, "") << m.what;
    EXPECT_LT(said.size(), 16'000u) << m.what;
    EXPECT_TRUE(std::all_of(said.begin(), said.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 || c == '\n';
    })) << m.what;
    for (std::string word : {"InternalError", "std::", "bad_alloc",
                             "not found "
                             "in registry",
                             "caf::", "sec::"})
      EXPECT_EQ(said.find(word), std::string::npos) << m.what << "\n"
                                                    << said.substr(0, 2000);
  }

  std::ostringstream out_;
  std::ostringstream err_;
  cli::environment env_{out_, err_};
  std::map<std::string, uint32_t> failures_;
  static real_cluster* cluster_;
};

real_cluster* Nonsense::cluster_ = nullptr;

std::vector<text::document> corpus() {
  std::vector<text::document> result;
  for (std::string file : {"tests/chaos/corpus.yaml", "examples/web.yaml",
                           "examples/sidecars.yaml"}) {
    auto read =
        text::read_stream(content_of(fs::path{TROUPE_SOURCE_DIR} / file));
    EXPECT_TRUE(read) << file << ": " << message_of(read.error());
    if (read)
      for (auto& one : *read)
        result.push_back(*text::parse_json(one.json));
  }
  return result;
}

/// The object that a manifest means, as the server has it; the state of what
/// is not there is "".
std::string state_of(real_cluster& cluster, const text::document& doc) {
  auto* kind = find_kind(doc["apiVersion"].get<std::string>(),
                         doc["kind"].get<std::string>());
  auto ns = doc["metadata"].value("namespace", "default");
  auto found =
      cluster.get(*kind, doc["metadata"]["name"].get<std::string>(), ns);
  return found ? std::to_string(found->revision()) : "";
}

} // namespace

TEST_F(Nonsense, TheCorpusIsNone) {
  for (auto& doc : corpus()) {
    EXPECT_EQ(apply(doc.dump()), 0) << doc.dump(2) << err_.str();
    EXPECT_EQ(apply(doc.dump(), "delete"), 0) << err_.str();
  }
}

TEST_F(Nonsense, InValuesIsRefusedWithFieldAndReason) {
  auto seed = seed_of("Nonsense.InValuesIsRefusedWithFieldAndReason");
  auto most = setting("TROUPE_NONSENSE", nightly() ? 20'000 : 300);
  auto all = corpus();
  std::mt19937_64 dice{seed};
  int refused = 0;
  int unnamed = 0;
  for (int64_t i = 0; i < most && !HasFailure(); ++i) {
    auto& doc = all[dice() % all.size()];
    auto m = mutate_values(doc, dice);
    SCOPED_TRACE(doc["kind"].get<std::string>() + ", change "
                 + std::to_string(i) + ": " + m.what);
    auto before = state_of(*cluster_, doc);
    auto code = apply(m.text);
    if (code == 0) {
      EXPECT_EQ(apply(m.text, "delete"), 0) << err_.str().substr(0, 2000);
      apply(doc.dump(), "delete");
    } else {
      ++refused;
      expect_words(code, m);
      EXPECT_EQ(state_of(*cluster_, doc), before) << err_.str();
      if (err_.str().find(m.field) == std::string::npos) {
        ++unnamed;
        if (setting("TROUPE_SHOW", 0) != 0)
          std::cout << m.what << " => " << err_.str().substr(0, 300);
      }
    }
    expect_nobody_died(m.what);
  }
  std::cout << most << " manifests, " << refused << " refused, " << unnamed
            << " of them without the changed field's name\n";
}

TEST_F(Nonsense, InTheTextIsRefusedWithItsPlace) {
  auto seed = seed_of("Nonsense.InTheTextIsRefusedWithItsPlace");
  auto most = setting("TROUPE_NONSENSE", nightly() ? 20'000 : 200);
  auto text = content_of(fs::path{TROUPE_SOURCE_DIR} / "examples/web.yaml");
  std::mt19937_64 dice{seed};
  int refused = 0;
  for (int64_t i = 0; i < most && !HasFailure(); ++i) {
    auto m = mutate_text(text, dice);
    SCOPED_TRACE("change " + std::to_string(i) + ": " + m.what);
    auto code = apply(m.text);
    if (code != 0) {
      ++refused;
      expect_words(code, m);
    }
    expect_nobody_died(m.what);
  }
  std::cout << most << " manifests, " << refused << " refused\n";
  run({"delete", "deployments,services", "web"});
}

TEST_F(Nonsense, ThatHurtOthersIsRefused) {
  for (size_t i = 0; !known_evil(i).what.empty(); ++i) {
    auto m = known_evil(i);
    SCOPED_TRACE(m.what);
    for (std::string verb : {"apply", "create"}) {
      auto code = apply(m.text, verb);
      if (code != 0)
        expect_words(code, m);
      expect_nobody_died(m.what);
    }
  }
}

} // namespace troupe::test
