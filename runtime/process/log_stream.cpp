#include "runtime/process/log_stream.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace troupe::process {

namespace {

constexpr int most_aside = 1000;

struct log_file {
  std::string path;
  uint64_t inode = 0;
};

/// The log and those set aside, oldest first.
std::vector<log_file> files_of(const std::string& path) {
  std::vector<log_file> result;
  struct stat info {};
  for (int number = 0; number <= most_aside; ++number) {
    auto name = number == 0 ? path : path + "." + std::to_string(number);
    if (stat(name.c_str(), &info) == 0 && S_ISREG(info.st_mode))
      result.push_back({name, info.st_ino});
    else if (number > 0)
      break;
  }
  std::reverse(result.begin(), result.end());
  return result;
}

/// Offsets at which the last `wanted` lines of a file begin.
std::deque<off_t> last_lines(const std::string& path, int64_t wanted) {
  std::deque<off_t> result;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  off_t at = 0;
  bool continues = false;
  while (std::getline(file, line)) {
    auto record = parse_log_record(line);
    if (!continues) {
      result.push_back(at);
      if (static_cast<int64_t>(result.size()) > wanted)
        result.pop_front();
    }
    continues = record && !record->whole;
    at += static_cast<off_t>(line.size()) + 1;
  }
  return result;
}

} // namespace

std::optional<log_record> parse_log_record(std::string_view line) {
  auto word = [&line]() -> std::string_view {
    auto space = line.find(' ');
    if (space == line.npos)
      return {};
    auto result = line.substr(0, space);
    line.remove_prefix(space + 1);
    return result;
  };
  log_record record;
  record.instant = word();
  auto stream = word();
  auto tag = word();
  if (record.instant.size() < 20 || (stream != "stdout" && stream != "stderr")
      || (tag != "F" && tag != "P"))
    return std::nullopt;
  record.channel = stream == "stdout" ? container::STDOUT : container::STDERR;
  record.whole = tag == "F";
  record.text = line;
  return record;
}

std::string format_instant(int64_t nanoseconds) {
  auto seconds = static_cast<time_t>(nanoseconds / 1000000000);
  auto rest = static_cast<long>(nanoseconds % 1000000000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  auto size = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + size, sizeof(text) - size, ".%09ldZ", rest);
  return text;
}

log_stream::log_stream(std::string path, const container::Logs& what)
    : path_(std::move(path)), timestamps_(what.timestamps()) {
  if (what.since() > 0)
    since_ = format_instant(what.since());
  if (what.limit_bytes() > 0)
    left_ = what.limit_bytes();
  if (what.has_tail_lines())
    seek_tail(std::max<int64_t>(what.tail_lines(), 0));
}

log_stream::~log_stream() {
  if (fd_ >= 0)
    close(fd_);
}

/// Begins so that only the last lines follow.
void log_stream::seek_tail(int64_t lines) {
  auto files = files_of(path_);
  if (files.empty())
    return;
  begun_ = true;
  size_t index = files.size();
  off_t offset = 0;
  auto wanted = lines;
  do {
    --index;
    auto found = last_lines(files[index].path, wanted);
    offset = found.empty() ? 0 : found.front();
    if (lines == 0) {
      struct stat info {};
      offset = stat(files[index].path.c_str(), &info) == 0 ? info.st_size : 0;
    }
    wanted -= static_cast<int64_t>(found.size());
  } while (wanted > 0 && index > 0);
  fd_ = open(files[index].path.c_str(), O_RDONLY | O_CLOEXEC);
  inode_ = files[index].inode;
  if (fd_ >= 0)
    lseek(fd_, offset, SEEK_SET);
}

/// Opens the file that follows the one read so far.
bool log_stream::open_next() {
  auto files = files_of(path_);
  if (files.empty())
    return false;
  auto next = files.begin();
  if (begun_) {
    next = std::find_if(files.begin(), files.end(),
                        [this](auto& file) { return file.inode == inode_; });
    // One that is gone was followed by the oldest there is.
    next = next == files.end() ? files.begin() : next + 1;
  }
  if (next == files.end())
    return false;
  auto fd = open(next->path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  if (fd_ >= 0)
    close(fd_);
  fd_ = fd;
  inode_ = next->inode;
  begun_ = true;
  return true;
}

/// Reads more of the files; false when there is no more now.
bool log_stream::fill() {
  raw_.erase(0, at_);
  at_ = 0;
  for (;;) {
    if (fd_ >= 0) {
      auto before = raw_.size();
      raw_.resize(before + 64 * 1024);
      auto size = ::read(fd_, raw_.data() + before, 64 * 1024);
      raw_.resize(before + (size > 0 ? static_cast<size_t>(size) : 0));
      if (size > 0)
        return true;
    }
    if (!open_next())
      return false;
  }
}

/// Puts a record into `ready_`; false when that holds another channel's.
bool log_stream::take(const log_record& record) {
  if (!since_.empty() && record.instant < since_)
    return true;
  if (!ready_.empty() && record.channel != channel_)
    return false;
  channel_ = record.channel;
  if (timestamps_ && !line_open_) {
    ready_ += record.instant;
    ready_ += ' ';
  }
  ready_ += record.text;
  if (record.whole)
    ready_ += '\n';
  line_open_ = !record.whole;
  return true;
}

bool log_stream::read(std::string& out, container::Channel& channel,
                      size_t most) {
  while (!exhausted_ && ready_.size() < most) {
    auto newline = raw_.find('\n', at_);
    if (newline == raw_.npos) {
      if (!fill())
        break;
      continue;
    }
    auto line = std::string_view{raw_}.substr(at_, newline - at_);
    auto record = parse_log_record(line);
    if (record && !take(*record))
      break;
    at_ = newline + 1;
  }
  auto size = std::min(ready_.size(), most);
  if (left_ >= 0)
    size = std::min(size, static_cast<size_t>(left_));
  out.append(ready_, 0, size);
  channel = channel_;
  ready_.erase(0, size);
  if (left_ >= 0) {
    left_ -= static_cast<int64_t>(size);
    exhausted_ = left_ == 0;
  }
  return size > 0;
}

} // namespace troupe::process
