#include "runtime/crypto/key_files.hpp"

#include "runtime/crypto/json_web_token.hpp"
#include "runtime/crypto/random.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::crypto {

namespace {

namespace fs = std::filesystem;

constexpr size_t largest_file = 16u << 20;

caf::error failure(std::string_view verb, const fs::path& path) {
  auto code = errno == ENOENT ? ec::not_found : ec::internal_error;
  return make_error(code, "cannot " + std::string{verb} + " " + path.string()
                              + ": " + std::strerror(errno));
}

expected<void> make_directory(const fs::path& path) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return caf::unit;
  fs::create_directories(path, code);
  if (code)
    return make_error(ec::internal_error,
                      "cannot make " + path.string() + ": " + code.message());
  fs::permissions(path, fs::perms::owner_all, code);
  return caf::unit;
}

bool holds_all(const std::vector<std::string>& have,
               const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& name) {
    return std::find(have.begin(), have.end(), name) != have.end();
  });
}

bool still_good(const credential& x, const credential& authority,
                const identity& who, const server_names& names,
                time_point now) {
  auto holder = check_certificate(authority.certificate, x.certificate, now);
  auto info = inspect_certificate(x.certificate);
  return holder && info && *holder == who
         && holds_all(info->names.dns, names.dns)
         && holds_all(info->names.addresses, names.addresses)
         && (info->not_after - now) * 3 > info->not_after - info->not_before;
}

void add_missing(std::vector<std::string>& to,
                 const std::vector<std::string>& names) {
  for (auto& name : names)
    if (std::find(to.begin(), to.end(), name) == to.end())
      to.push_back(name);
}

expected<credential> open_authority(const fs::path& path, time_point now) {
  auto text = read_file(path);
  if (!text && !is(text.error(), ec::not_found))
    return std::move(text.error());
  if (text) {
    auto found = parse_credential(*text);
    if (!found)
      return make_error(ec::internal_error,
                        path.string() + ": " + message_of(found.error()));
    return found;
  }
  auto made = make_authority("troupe-ca-" + random_word(8), now);
  if (!made)
    return made;
  if (auto done = write_secret_file(path, made->pem()); !done)
    return std::move(done.error());
  return made;
}

/// Damaged keys are an error: with others, no token would be good any more.
expected<std::string> open_token_keys(const fs::path& path) {
  auto text = read_file(path);
  if (text) {
    if (auto keys = token_keys::parse(*text); !keys)
      return make_error(ec::internal_error,
                        path.string() + ": " + message_of(keys.error()));
    return text;
  }
  if (!is(text.error(), ec::not_found))
    return text;
  auto made = make_token_key();
  if (!made)
    return made;
  if (auto done = write_secret_file(path, *made); !done)
    return std::move(done.error());
  return made;
}

} // namespace

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    content.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

expected<void> write_secret_file(const fs::path& path,
                                 std::string_view content) {
  auto scratch = path;
  scratch += ".new-" + random_word(8);
  auto fd = ::open(scratch.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
                   S_IRUSR | S_IWUSR);
  if (fd < 0)
    return failure("write", scratch);
  auto ok = write_all(fd, content) && ::fsync(fd) == 0;
  auto closed = ::close(fd) == 0;
  if (!ok || !closed || ::rename(scratch.c_str(), path.c_str()) != 0) {
    auto error = failure("write", path);
    ::unlink(scratch.c_str());
    return error;
  }
  // The new name, too, outlives a loss of power.
  auto folder = ::open(path.parent_path().c_str(), O_RDONLY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return caf::unit;
}

expected<std::string> read_file(const fs::path& path) {
  auto fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return failure("read", path);
  std::string out;
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof(buffer))) != 0) {
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0 || out.size() > largest_file)
      break;
    out.append(buffer, static_cast<size_t>(got));
  }
  auto error = got == 0 ? caf::error{} : failure("read", path);
  ::close(fd);
  if (error)
    return error;
  return out;
}

file_mark mark_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return {};
  return {static_cast<int64_t>(info.st_dev), static_cast<int64_t>(info.st_ino),
          info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
          static_cast<int64_t>(info.st_size)};
}

expected<memory_file> memory_file::make(std::string_view content) {
  memory_file out{::memfd_create("troupe-secret", MFD_CLOEXEC)};
  if (out.fd_ < 0 || ::fchmod(out.fd_, S_IRUSR | S_IWUSR) != 0
      || !write_all(out.fd_, content))
    return failure("make", "a file in memory");
  return out;
}

memory_file::memory_file(memory_file&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {
  // nop
}

memory_file& memory_file::operator=(memory_file&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

memory_file::~memory_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

std::string memory_file::path() const {
  return "/proc/self/fd/" + std::to_string(fd_);
}

expected<credential> open_credential(const fs::path& path,
                                     const credential& authority,
                                     const identity& who,
                                     const server_names& names,
                                     time_point now) {
  auto text = read_file(path);
  if (!text && !is(text.error(), ec::not_found))
    return std::move(text.error());
  if (text) {
    auto found = parse_credential(*text);
    if (found && still_good(*found, authority, who, names, now))
      return found;
  }
  if (auto made = make_directory(path.parent_path()); !made)
    return std::move(made.error());
  auto issued = issue(authority, who, names, now);
  if (!issued)
    return issued;
  if (auto done = write_secret_file(path, issued->pem()); !done)
    return std::move(done.error());
  return issued;
}

expected<time_point> renew_credential(const fs::path& path,
                                      const credential& authority,
                                      const identity& who, server_names names,
                                      time_point now) {
  if (auto text = read_file(path))
    if (auto present = inspect_certificate(*text)) {
      add_missing(names.dns, present->names.dns);
      add_missing(names.addresses, present->names.addresses);
    }
  auto opened = open_credential(path, authority, who, names, now);
  if (!opened)
    return opened.error();
  auto info = inspect_certificate(opened->certificate);
  if (!info)
    return info.error();
  return info->not_before + (info->not_after - info->not_before) / 3 * 2;
}

server_names names_of_api(const std::string& service_address,
                          const std::vector<std::string>& hosts) {
  server_names result{{"localhost", "kubernetes", "kubernetes.default",
                       "kubernetes.default.svc",
                       "kubernetes.default.svc.cluster.local"},
                      {"127.0.0.1", service_address}};
  for (auto& host : hosts)
    if (std::find(result.addresses.begin(), result.addresses.end(), host)
        == result.addresses.end())
      result.addresses.push_back(host);
  return result;
}

expected<cluster_keys> open_cluster_keys(const fs::path& directory,
                                         const server_names& names,
                                         time_point now) {
  if (auto made = make_directory(directory); !made)
    return std::move(made.error());
  auto authority = open_authority(directory / "ca.pem", now);
  if (!authority)
    return std::move(authority.error());
  cluster_keys out;
  out.authority = std::move(*authority);
  out.names = names;
  out.authority_file = directory / "ca.crt";
  out.server_file = directory / "server.pem";
  auto copy = read_file(out.authority_file);
  if (!copy || *copy != out.authority.certificate)
    if (auto done =
            write_secret_file(out.authority_file, out.authority.certificate);
        !done)
      return std::move(done.error());
  auto server = open_credential(out.server_file, out.authority,
                                {server_user, {}}, names, now);
  if (!server)
    return std::move(server.error());
  auto admin =
      open_credential(directory / "admin.pem", out.authority,
                      {"kubernetes-admin", {"system:masters"}}, {}, now);
  if (!admin)
    return std::move(admin.error());
  auto tokens = open_token_keys(directory / token_keys_file);
  if (!tokens)
    return std::move(tokens.error());
  out.server = std::move(*server);
  out.admin = std::move(*admin);
  return out;
}

} // namespace troupe::crypto
