#include "runtime/net/range_lease.hpp"

#include "runtime/crypto/key_files.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::net {

namespace {

namespace fs = std::filesystem;

constexpr auto record_name = "network";
constexpr auto wish_name = "network.wish";

enum class claim { taken, in_use, reserved, refused };

struct claim_result {
  claim how;
  unique_fd lock;
  std::string owner; ///< data directory of who has it
};

std::string content_of(int fd) {
  char text[4096];
  auto got = ::pread(fd, text, sizeof(text), 0);
  return {text, got > 0 ? static_cast<size_t>(got) : 0};
}

/// Returns whether the cluster in `data_dir` still counts on `range`. What we
/// may not look into counts as yes.
bool still_reserved(const fs::path& data_dir, const cidr& range) {
  struct stat s {};
  auto record = data_dir / record_name;
  if (::stat(record.c_str(), &s) != 0)
    return errno != ENOENT && errno != ENOTDIR;
  auto found = recorded_layout(data_dir);
  return ::access(record.c_str(), R_OK) != 0
         || (found && found->whole() == range);
}

unique_fd open_lock(int registry, const std::string& name) {
  constexpr auto flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
  unique_fd fd{::openat(registry, name.c_str(), flags)};
  if (!fd && errno == ENOENT)
    fd = unique_fd{
        ::openat(registry, name.c_str(), flags | O_CREAT | O_EXCL, 0644)};
  return fd;
}

claim_result try_claim(int registry, const fs::path& data_dir,
                       const cidr& range) {
  claim_result out{
      claim::refused, open_lock(registry, to_string(range.base)), {}};
  if (!out.lock)
    return out;
  out.owner = content_of(out.lock.get());
  if (::flock(out.lock.get(), LOCK_EX | LOCK_NB) != 0) {
    out.how = claim::in_use;
    return out;
  }
  out.owner = content_of(out.lock.get());
  auto mine = data_dir.string();
  if (!out.owner.empty() && out.owner != mine
      && still_reserved(out.owner, range)) {
    out.how = claim::reserved;
    return out;
  }
  auto written = ::ftruncate(out.lock.get(), 0) == 0
                 && ::pwrite(out.lock.get(), mine.data(), mine.size(), 0)
                        == static_cast<ssize_t>(mine.size());
  out.how = written ? claim::taken : claim::refused;
  return out;
}

expected<unique_fd> open_registry(const fs::path& path) {
  // Like /tmp: everybody may add a file, nobody may take another's away.
  if (::mkdir(path.c_str(), 0777) == 0)
    ::chmod(path.c_str(), 01777);
  unique_fd fd{::open(path.c_str(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!fd)
    return make_error(ec::internal_error, "cannot open " + path.string() + ": "
                                              + std::strerror(errno));
  return fd;
}

expected<void> record(const fs::path& file, const layout& x) {
  return crypto::write_secret_file(file, std::string{to_string(x.mode())} + " "
                                             + to_string(x.whole()) + "\n");
}

} // namespace

expected<range_lease> range_lease::take(const fs::path& registry,
                                        const fs::path& data_dir,
                                        network_mode mode,
                                        const std::vector<cidr>& used) {
  std::error_code code;
  auto home = fs::canonical(data_dir, code);
  if (code)
    return make_error(ec::internal_error,
                      data_dir.string() + ": " + code.message());
  auto directory = open_registry(registry);
  if (!directory)
    return std::move(directory.error());
  auto recorded = recorded_layout(home);
  if (recorded && recorded->mode() == mode) {
    auto result = try_claim(directory->get(), home, recorded->whole());
    if (result.how == claim::taken)
      return range_lease{*recorded, std::move(result.lock)};
    if (result.how == claim::in_use)
      return make_error(ec::conflict, "the addresses "
                                          + to_string(recorded->whole())
                                          + " of this cluster are used by the "
                                            "cluster in "
                                          + result.owner);
  }
  auto candidates = candidate_ranges(mode);
  auto wished = wished_layout(home);
  if (!recorded && wished && wished->mode() == mode)
    candidates.insert(candidates.begin(), wished->whole());
  auto start =
      candidates.size() > candidate_ranges(mode).size()
          ? 0
          : std::hash<std::string>{}(home.string()) % candidates.size();
  auto taken = used;
  while (auto range = choose_range(candidates, start, taken)) {
    auto result = try_claim(directory->get(), home, *range);
    if (result.how == claim::taken) {
      layout addresses{mode, *range};
      if (auto done = record(home / record_name, addresses); !done)
        return std::move(done.error());
      return range_lease{addresses, std::move(result.lock)};
    }
    taken.push_back(*range);
  }
  return make_error(ec::conflict,
                    "all ranges of addresses for a cluster are taken; "
                        + registry.string()
                        + " says by which data directories");
}

namespace {

std::optional<layout> read_layout(const fs::path& file) {
  auto text = crypto::read_file(file);
  if (!text)
    return std::nullopt;
  auto line = text->substr(0, text->find('\n'));
  auto space = line.find(' ');
  if (space == std::string::npos)
    return std::nullopt;
  auto range = parse_cidr(line.substr(space + 1));
  auto mode = line.substr(0, space);
  if (!range || range->bits != 16)
    return std::nullopt;
  for (auto known : {network_mode::loopback, network_mode::bridge})
    if (mode == to_string(known))
      return layout{known, *range};
  return std::nullopt;
}

} // namespace

std::optional<layout> recorded_layout(const fs::path& data_dir) {
  return read_layout(data_dir / record_name);
}

std::optional<layout> wished_layout(const fs::path& data_dir) {
  return read_layout(data_dir / wish_name);
}

expected<void> wish_for_layout(const fs::path& data_dir, const layout& wished) {
  return record(data_dir / wish_name, wished);
}

void forget_layout(const fs::path& data_dir) {
  std::error_code ignored;
  fs::remove(data_dir / record_name, ignored);
}

fs::path machine_registry() {
  return "/tmp/troupe-networks";
}

} // namespace troupe::net
