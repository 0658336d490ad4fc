#include "runtime/store/write_ahead.hpp"

#include "runtime/store/crc32c.hpp"

#include <leveldb/env.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::store {

namespace {

// LevelDB, doc/log_format.md: blocks of 32 KB; a record is one or more
// fragments, each with checksum4 length2 type1, and none crosses a block.
constexpr size_t block_size = 32768;
constexpr size_t header_size = 7;
enum fragment : unsigned char { full = 1, first = 2, middle = 3, last = 4 };

uint64_t little(std::string_view bytes, size_t at, size_t count) {
  uint64_t result = 0;
  for (size_t i = count; i-- > 0;)
    result = (result << 8) | static_cast<unsigned char>(bytes[at + i]);
  return result;
}

uint32_t masked(uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

/// Walks the records of one file.
class walker {
public:
  explicit walker(std::string_view file) : file_(file) {
    // nop
  }

  /// The next record; nothing where the unbroken beginning ends.
  std::optional<std::string> next() {
    std::string record;
    for (bool begun = false;;) {
      auto room = block_size - at_ % block_size;
      if (room < header_size)
        at_ += room; // the rest of a block that holds no header is empty
      if (at_ + header_size > file_.size())
        return std::nullopt;
      auto length = little(file_, at_ + 4, 2);
      auto type = static_cast<unsigned char>(file_[at_ + 6]);
      auto end = at_ + header_size + length;
      if (end > file_.size() || end > (at_ / block_size + 1) * block_size)
        return std::nullopt;
      auto sealed = file_.substr(at_ + 6, 1 + length);
      if (masked(crc32c(sealed)) != little(file_, at_, 4))
        return std::nullopt;
      if (begun != (type == middle || type == last) || type < full
          || type > last)
        return std::nullopt;
      record.append(sealed.substr(1));
      at_ = end;
      if (type == full || type == last) {
        whole_ = at_;
        return record;
      }
      begun = true;
    }
  }

  /// Where the last whole record ends.
  size_t whole() const { return whole_; }

private:
  std::string_view file_;
  size_t at_ = 0;
  size_t whole_ = 0;
};

/// The batches of a database are numbered through: each record begins with the
/// number of its first change and how many it has.
class sequence {
public:
  bool follows(const std::string& record) {
    if (record.size() < 12)
      return false;
    auto number = little(record, 0, 8);
    if (next_ != 0 && number != next_)
      return false;
    next_ = number + little(record, 8, 4);
    return true;
  }

private:
  uint64_t next_ = 0;
};

std::vector<std::string> write_ahead_files(leveldb::Env& env,
                                           const std::string& path) {
  std::vector<std::string> names;
  std::vector<std::string> result;
  if (!env.GetChildren(path, &names).ok())
    return result;
  for (const auto& name : names)
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".log") == 0)
      result.push_back(name);
  // Numbers of at least six digits.
  std::sort(result.begin(), result.end(), [](auto& a, auto& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return result;
}

caf::error failed(const std::string& file, const leveldb::Status& status) {
  return make_error(ec::service_unavailable,
                    file + " cannot be read or written: " + status.ToString());
}

/// Replaces a file by its beginning.
leveldb::Status cut(leveldb::Env& env, const std::string& file,
                    std::string_view beginning) {
  auto fresh = file + ".cut";
  leveldb::WritableFile* raw = nullptr;
  auto status = env.NewWritableFile(fresh, &raw);
  std::unique_ptr<leveldb::WritableFile> out{raw};
  if (status.ok())
    status = out->Append({beginning.data(), beginning.size()});
  if (status.ok())
    status = out->Sync();
  if (status.ok())
    status = out->Close();
  return status.ok() ? env.RenameFile(fresh, file) : status;
}

} // namespace

expected<bool> cut_write_ahead(leveldb::Env& env, const std::string& path) {
  auto names = write_ahead_files(env, path);
  sequence numbers;
  bool broken = false;
  for (const auto& name : names) {
    auto file = path + "/" + name;
    if (broken) {
      if (auto status = env.RemoveFile(file); !status.ok())
        return failed(file, status);
      continue;
    }
    std::string bytes;
    auto status = leveldb::ReadFileToString(&env, file, &bytes);
    if (!status.ok())
      return failed(file, status);
    walker records{bytes};
    size_t good = 0;
    while (auto record = records.next()) {
      if (!numbers.follows(*record))
        break;
      good = records.whole();
    }
    if (good == bytes.size())
      continue;
    broken = true;
    status = cut(env, file, std::string_view{bytes}.substr(0, good));
    if (!status.ok())
      return failed(file, status);
  }
  return broken;
}

} // namespace troupe::store
