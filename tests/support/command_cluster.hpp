#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

/// Command lines against one real cluster that all tests of a program share.
namespace troupe::test {

/// What a command did.
struct command_result {
  int code = 0;
  std::string out;
  std::string err;
};

/// A command line, and parts of what it must print.
struct command_row {
  const char* line;
  int code;
  std::vector<const char*> out; ///< all of them; none: stdout stays empty
  std::vector<const char*> err; ///< all of them; none: stderr stays empty
};

/// Splits as a shell does that knows spaces and single quotes.
std::vector<std::string> split_command(const std::string& line);

/// Makes every run of spaces one, and drops those at the ends of lines.
std::string squeezed(const std::string& text);

/// Three nodes with real processes, started before the first test that asks
/// and ended after the last. Every test has a namespace of its own.
class Commands : public ::testing::Test {
protected:
  void SetUp() override;
  void TearDown() override;

  static std::filesystem::path data_dir();

  /// Runs a command line in this process, in the test's namespace unless it
  /// names one. $NS in it is that namespace, $DIR a folder of the test's own.
  command_result run(const std::string& line);

  /// Runs it and expects that it is done; returns what it printed.
  std::string out_of(const std::string& line);

  /// Runs each row and compares. One that is refused must change nothing.
  void expect(const std::vector<command_row>& rows);

  /// Runs a command until it ends well and prints `part`, for a minute at most.
  ::testing::AssertionResult until_prints(const std::string& line,
                                          const std::string& part);

  /// All that users made in the namespace, and the nodes, but for status.
  std::string snapshot();

  /// Writes a file into $DIR.
  void write(const std::string& name, const std::string& content);

  /// Puts $NS and $DIR into a text.
  std::string filled(std::string text) const;

  std::string ns_;
  std::filesystem::path folder_;
};

/// The real program in a process of its own, in the namespace of a test; ended
/// with the object.
class running_command {
public:
  /// With a terminal of this size, or without any when it has no width.
  running_command(const std::filesystem::path& data_dir,
                  std::vector<std::string> words, int width = 0,
                  int height = 0);
  ~running_command();

  running_command(const running_command&) = delete;
  running_command& operator=(const running_command&) = delete;

  void type(const std::string& text);
  void close_input();
  void resize(int width, int height);
  void signal(int which);

  /// Reads until the output has `part`, or for half a minute.
  ::testing::AssertionResult prints(const std::string& part);

  /// The same, for a moment: whether it is there by now.
  bool prints_soon(const std::string& part);

  /// Reads to the end and returns the exit code.
  int wait();

  /// All that it has written to standard output and error.
  const std::string& output() const { return output_; }

private:
  bool read_some(std::chrono::steady_clock::time_point deadline);

  int pid_ = -1;
  int input_ = -1;
  int from_ = -1;
  std::string output_;
};

} // namespace troupe::test
