#include "runtime/system/process_figures.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace troupe {

namespace {

/// The fields of /proc/self/stat behind the program's name, which may hold
/// anything; the first of them is number 3 in proc(5).
std::vector<std::string> stat_fields() {
  std::ifstream in{"/proc/self/stat"};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto end = text.rfind(')');
  if (end == text.npos)
    return {};
  std::istringstream rest{text.substr(end + 1)};
  return {std::istream_iterator<std::string>{rest}, {}};
}

double boot_seconds() {
  std::ifstream in{"/proc/stat"};
  std::string word;
  while (in >> word)
    if (word == "btime") {
      double when = 0;
      in >> when;
      return when;
    }
  return 0;
}

uint64_t open_files() {
  std::error_code err;
  std::filesystem::directory_iterator all{"/proc/self/fd", err};
  if (err)
    return 0;
  return static_cast<uint64_t>(std::distance(begin(all), end(all)));
}

} // namespace

process_figures read_process_figures() {
  process_figures result;
  auto fields = stat_fields();
  auto field = [&](size_t number) {
    return number - 3 < fields.size() ? std::stod(fields[number - 3]) : 0.0;
  };
  auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  result.cpu_seconds = (field(14) + field(15)) / ticks;
  result.virtual_bytes = static_cast<uint64_t>(field(23));
  result.resident_bytes = static_cast<uint64_t>(field(24))
                          * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  if (!fields.empty())
    result.start_seconds = boot_seconds() + field(22) / ticks;
  result.open_files = open_files();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    result.most_files = limit.rlim_cur;
  return result;
}

} // namespace troupe
