#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// The project's own files, as they stand.
namespace troupe::test {

/// A file with its path from the root of the project.
struct source_file {
  std::string path;
  std::string text;

  /// Returns the number of the line that holds the character at `position`.
  size_t line_at(size_t position) const;
};

/// Returns the top folders; what is built lies elsewhere.
std::vector<std::string> top_folders();

/// Returns all folders below (and with) the top ones that hold files.
std::vector<std::string> source_folders();

/// Returns the C++ files below a folder, "" for all, by path.
std::vector<source_file> cpp_files(const std::string& below);

/// Returns what a file holds; "" when there is none.
std::string read_text(const std::filesystem::path& path);

/// Returns where a path of the project lies.
std::filesystem::path at_root(const std::string& path);

} // namespace troupe::test
