#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/http/simulated_http.hpp"
#include "tests/support/simulated_cluster.hpp"
#include "tests/support/source_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

constexpr uint32_t node_count = 3;

/// A row of the table in actors/README.md.
struct map_row {
  std::vector<std::string> paths; ///< as written, with capitals for names
  std::vector<std::string> sources;
};

std::vector<std::string> parts_of(const std::string& line, char at) {
  std::vector<std::string> result;
  std::istringstream in{line};
  for (std::string part; std::getline(in, part, at);) {
    auto first = part.find_first_not_of(' ');
    auto last = part.find_last_not_of(' ');
    result.push_back(first == std::string::npos
                         ? std::string{}
                         : part.substr(first, last - first + 1));
  }
  return result;
}

std::vector<map_row> read_map() {
  std::vector<map_row> result;
  std::istringstream in{read_text(at_root("actors/README.md"))};
  for (std::string line; std::getline(in, line);) {
    auto cells = parts_of(line, '|');
    if (line.rfind("| ", 0) != 0 || cells.size() < 3 || cells[1] == "actor")
      continue;
    map_row row;
    auto quoted = parts_of(cells[1], '`');
    for (size_t i = 1; i < quoted.size(); i += 2)
      row.paths.push_back(quoted[i]);
    row.sources = parts_of(cells[2], ',');
    result.push_back(std::move(row));
  }
  return result;
}

/// Whether an actor's path is one that is written so.
bool fits(const std::string& written, const std::string& path) {
  std::string pattern;
  for (auto& part : parts_of(written, '/')) {
    pattern += pattern.empty() ? "" : "/";
    if (part == "N")
      pattern += "[0-9]+";
    else if (part.size() > 2 && part.substr(part.size() - 2) == "-N")
      pattern += part.substr(0, part.size() - 1) + "[0-9]+";
    else if (std::all_of(part.begin(), part.end(), ::isupper))
      pattern += "[a-z0-9.-]+";
    else
      pattern += part;
  }
  return std::regex_match(path, std::regex{pattern});
}

/// A pod with a probe: everything that a kubelet can start is there.
void add_probed_pod(simulated_cluster& cluster) {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name("probed");
  pod.mutable_metadata()->set_namespace_("default");
  auto* main = pod.mutable_spec()->add_containers();
  main->set_name("main");
  main->set_image("main:1");
  auto* probe = main->mutable_readiness_probe();
  probe->mutable_handler()->mutable_exec()->add_command("true");
  auto made = cluster.create(object::of(pod));
  ASSERT_TRUE(made) << message_of(made.error());
  ASSERT_TRUE(cluster.run_until([&] {
    for (auto& path : cluster.paths())
      if (path.find("/prober") != std::string::npos)
        return true;
    return false;
  }));
}

/// What every actor is, by its path. A session's path ends with its user, as
/// the number depends on who came first; those of the outside are left out.
using actor_table = std::multimap<std::string, std::string>;

void note(actor_table& table, const std::string& path,
          const std::string& component, const std::string& facts) {
  std::smatch found;
  if (component != "session") {
    table.emplace(path, component);
  } else if (std::regex_search(facts, found, std::regex{"user=([^ ]+)"})
             && found[1] != "kubernetes-admin") {
    table.emplace(path.substr(0, path.rfind('/') + 1) + found[1].str(),
                  component);
  }
}

std::string shown(const actor_table& table) {
  std::string out;
  for (auto& [path, component] : table)
    out += path + " " + component + "\n";
  return out;
}

std::string table_of_simulation() {
  simulated_cluster cluster{1, node_count};
  cluster.advance(std::chrono::seconds(2));
  actor_table table;
  for (auto& actor : cluster.actors()) {
    std::string facts;
    for (auto& fact : actor.facts())
      facts += fact + " ";
    note(table, actor.path(), actor.component(), facts);
  }
  return shown(table);
}

/// The real program in a folder of its own; down at the end.
struct real_cluster {
  real_cluster() {
    std::string name = fs::temp_directory_path() / "troupe-map-XXXXXX";
    if (mkdtemp(name.data()) != nullptr)
      folder = name;
  }

  ~real_cluster() {
    run("down");
    fs::remove_all(folder);
  }

  bool run(const std::string& words) {
    auto into = folder / "output";
    auto line = "timeout -s KILL 60 " TROUPE_BUILD_DIR "/troupe --data-dir "
                + (folder / "data").string() + " " + words + " >"
                + into.string() + " 2>&1 </dev/null";
    auto code = std::system(line.c_str());
    output = read_text(into);
    return code == 0;
  }

  fs::path folder;
  std::string output;
};

std::string table_of(const std::string& topology) {
  actor_table table;
  std::istringstream in{topology};
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream words{line};
    std::string path, component, restarts, facts;
    words >> path >> component >> restarts;
    std::getline(words, facts);
    note(table, path, component, facts);
  }
  return shown(table);
}

} // namespace

TEST(ActorMap, NamesEveryActorAndNoOther) {
  auto rows = read_map();
  ASSERT_GT(rows.size(), 20u);
  // With lines too, which are there only between processes.
  simulated_cluster cluster{{1, 2, true}};
  add_probed_pod(cluster);
  cluster.http().connect({"somebody", {}, {}});
  cluster.run();
  std::set<std::string> seen;
  for (auto& actor : cluster.actors()) {
    int names = 0;
    for (auto& row : rows)
      for (auto& written : row.paths) {
        if (!fits(written, actor.path()))
          continue;
        ++names;
        seen.insert(written);
        auto is_it = [&](const std::string& source) {
          return fs::path{source}.filename() == actor.component();
        };
        EXPECT_TRUE(std::any_of(row.sources.begin(), row.sources.end(), is_it))
            << actor.path() << " is a " << actor.component();
      }
    EXPECT_EQ(names, 1) << actor.path() << " in actors/README.md";
  }
  for (auto& row : rows)
    for (auto& written : row.paths)
      EXPECT_TRUE(seen.count(written)) << "there is no actor " << written;
}

TEST(ActorMap, NamesTheSourceOfEveryActor) {
  std::set<std::string> named;
  for (auto& row : read_map())
    for (auto& source : row.sources) {
      EXPECT_TRUE(fs::exists(at_root("actors/" + source + ".cpp"))) << source;
      named.insert("actors/" + source + ".hpp");
    }
  for (auto& file : cpp_files("actors")) {
    auto is_actor =
        file.text.find("static inline const char* name =") != std::string::npos;
    EXPECT_TRUE(!is_actor || named.count(file.path))
        << file.path << " is not in the map";
  }
}

TEST(ActorMap, OfUpIsThatOfTheSimulation) {
  real_cluster real;
  ASSERT_TRUE(real.run("up --nodes " + std::to_string(node_count)
                       + " --runtime simulated --port 0 --detach"))
      << real.output;
  auto expected = table_of_simulation();
  ASSERT_FALSE(expected.empty());
  // Others may join the real one, to whom its process makes itself known.
  auto proxy = expected.find("proxy supervisor\n");
  ASSERT_NE(proxy, std::string::npos);
  expected.insert(proxy, "presence presence\n");
  // A simulated server has no certificate.
  auto root = expected.find("root supervisor\n");
  ASSERT_NE(root, std::string::npos);
  expected.insert(root, "renewal server_renewal\n");
  // A component may be on its way to its session still.
  auto same = false;
  for (int tries = 0; tries < 50 && !same; ++tries) {
    ASSERT_TRUE(real.run("topology")) << real.output;
    same = table_of(real.output) == expected;
  }
  EXPECT_EQ(table_of(real.output), expected);
}

} // namespace troupe::test
