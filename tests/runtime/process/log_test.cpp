#include "runtime/process/log_stream.hpp"
#include "tests/support/pod_fixture.hpp"

#include <regex>
#include <sstream>

namespace troupe::process {

TEST(LogRecord, IsReadInItsParts) {
  auto record = parse_log_record(
      "2026-01-01T00:00:00.000000000Z stderr P a line with  spaces ");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->instant, "2026-01-01T00:00:00.000000000Z");
  EXPECT_EQ(record->channel, container::STDERR);
  EXPECT_FALSE(record->whole);
  EXPECT_EQ(record->text, "a line with  spaces ");
}

TEST(LogRecord, IsRefusedInAnyOtherForm) {
  for (auto line :
       {"", "hello", "2026-01-01T00:00:00Z stdout F",
        "2026-01-01T00:00:00.000000000Z stdlog F x",
        "2026-01-01T00:00:00.000000000Z stdout X x", "x stdout F x"})
    EXPECT_FALSE(parse_log_record(line)) << line;
}

TEST(LogRecord, KeepsAnEmptyLine) {
  auto record = parse_log_record("2026-01-01T00:00:00.000000000Z stdout F ");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->text, "");
}

TEST_F(PodRuntime, WritesItsLogAsCriHasIt) {
  auto id =
      launch("log-1", shell("main", "echo one; echo two >&2; printf end"));
  ended(id);
  auto text = content(folder_ / "logs/log-1/main/0.log");
  std::istringstream lines{text};
  std::string instant = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z )";
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    ASSERT_TRUE(std::regex_match(line, std::regex{instant + ".*"})) << line;
    found.push_back(line.substr(31));
  }
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<std::string>{"stderr F two", "stdout F one",
                                             "stdout P end"}));
}

TEST_F(PodRuntime, SplitsALineThatIsTooLong) {
  auto id =
      launch("log-2", shell("main", "head -c 40000 /dev/zero | tr '\\0' x;"
                                    "echo; echo next"));
  ended(id);
  auto whole = logs(id);
  EXPECT_EQ(whole, std::string(40000, 'x') + "\nnext\n");
  auto text = content(folder_ / "logs/log-2/main/0.log");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_NE(text.find(" stdout P x"), text.npos);
}

TEST_F(PodRuntime, SetsALogAsideWhenItIsFull) {
  auto config = shell("main", "i=0; while [ $i -lt 100 ]; do"
                              " echo line-$i; i=$((i+1)); done");
  config.set_log_max_bytes(1000);
  config.set_log_max_files(3);
  auto id = launch("log-3", config);
  ended(id);
  auto log = (folder_ / "logs/log-3/main/0.log").string();
  for (auto path : {log, log + ".1", log + ".2"}) {
    EXPECT_LE(std::filesystem::file_size(path), 1000u) << path;
    EXPECT_GT(std::filesystem::file_size(path), 0u) << path;
  }
  EXPECT_FALSE(std::filesystem::exists(log + ".3"));
  auto text = logs(id);
  EXPECT_NE(text.find("line-99\n"), text.npos);
  EXPECT_EQ(text.find("line-1\n"), text.npos);
}

TEST_F(PodRuntime, ReadsALogAcrossWhatWasSetAside) {
  auto config = shell("main", "i=0; while [ $i -lt 100 ]; do"
                              " echo line-$i; i=$((i+1)); done");
  config.set_log_max_bytes(1000);
  config.set_log_max_files(50);
  auto id = launch("log-4", config);
  ended(id);
  std::string wanted;
  for (int i = 0; i < 100; ++i)
    wanted += "line-" + std::to_string(i) + "\n";
  EXPECT_EQ(logs(id), wanted);
  container::Logs tail;
  tail.set_tail_lines(25);
  EXPECT_EQ(logs(id, tail), wanted.substr(wanted.find("line-75")));
  tail.set_tail_lines(0);
  EXPECT_EQ(logs(id, tail), "");
  tail.set_tail_lines(1000);
  EXPECT_EQ(logs(id, tail), wanted);
  container::Logs limited;
  limited.set_limit_bytes(10);
  EXPECT_EQ(logs(id, limited), wanted.substr(0, 10));
}

TEST_F(PodRuntime, FollowsALogToItsEnd) {
  auto go = (folder_ / "go").string();
  auto config = shell("main", "echo begin; while [ ! -e " + go
                                  + " ]; do sleep 0.01; done; echo end");
  config.set_log_max_bytes(60);
  auto id = launch("log-5", config);
  container::Logs what;
  what.set_follow(true);
  what.set_container_id(id);
  what.set_credit(100);
  std::promise<void> begun;
  std::promise<void> over;
  std::string text;
  stream_sink sink;
  sink.data = [&](const container::StreamData& data) {
    if (text.empty())
      begun.set_value();
    text += data.data();
  };
  sink.end = [&](const container::StreamEnd&) { over.set_value(); };
  ASSERT_TRUE(ask<container::StreamOpened>(
      [&](auto done) { runtime_->logs(what, sink, done); }));
  ASSERT_EQ(begun.get_future().wait_for(deadline), std::future_status::ready);
  fclose(fopen(go.c_str(), "w"));
  ASSERT_EQ(over.get_future().wait_for(deadline), std::future_status::ready);
  EXPECT_EQ(text, "begin\nend\n");
}

TEST_F(PodRuntime, ShowsOnlyLinesSinceAnInstant) {
  auto id = launch("log-6", shell("main", "echo old; sleep 0.05; echo new"));
  ended(id);
  auto text = content(folder_ / "logs/log-6/main/0.log");
  container::Logs what;
  what.set_timestamps(true);
  auto stamped = logs(id, what);
  EXPECT_EQ(stamped.substr(0, 31), text.substr(0, 31));
  what.set_timestamps(false);
  what.set_since(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(logs(id, what), "");
  what.set_since(1);
  EXPECT_EQ(logs(id, what), "old\nnew\n");
}

TEST_F(PodRuntime, SendsNoMoreOfALogThanCreditAllows) {
  auto id = launch("log-7", shell("main", "head -c 300000 /dev/zero |"
                                          " tr '\\0' '\\n'"));
  ended(id);
  container::Logs what;
  what.set_container_id(id);
  what.set_credit(2);
  std::atomic<int> chunks{0};
  std::atomic<size_t> bytes{0};
  std::promise<void> over;
  stream_sink sink;
  sink.data = [&](const container::StreamData& data) {
    EXPECT_LE(data.data().size(), 64u * 1024);
    bytes += data.data().size();
    ++chunks;
  };
  sink.end = [&](const container::StreamEnd&) { over.set_value(); };
  auto opened = ask<container::StreamOpened>(
      [&](auto done) { runtime_->logs(what, sink, done); });
  ASSERT_TRUE(opened);
  state();
  EXPECT_EQ(chunks, 2);
  container::StreamCredit more;
  more.set_stream(opened->stream());
  more.set_chunks(100);
  runtime_->credit(more);
  ASSERT_EQ(over.get_future().wait_for(deadline), std::future_status::ready);
  EXPECT_EQ(bytes, 300000u);
}

} // namespace troupe::process
