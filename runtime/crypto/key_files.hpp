#pragma once

#include "runtime/crypto/certificate.hpp"

#include <array>
#include <cstdint>
#include <filesystem>

namespace troupe::crypto {

/// Replaces `path` by `content` in one step and mode 0600: a reader sees the
/// old file or the whole new one, also after a crash.
expected<void> write_secret_file(const std::filesystem::path& path,
                                 std::string_view content);

/// Writes all of it, or returns false with the reason in errno.
bool write_all(int fd, std::string_view content);

/// Returns the content of `path`; ec::not_found when there is none.
expected<std::string> read_file(const std::filesystem::path& path);

/// What changes when a file is replaced.
using file_mark = std::array<int64_t, 5>;

/// Returns the mark of the file in `path`; an empty one when there is none.
file_mark mark_of(const std::filesystem::path& path);

/// A file that exists in memory only, for libraries that want a path. It is
/// gone with the object, or with the process.
class memory_file {
public:
  static expected<memory_file> make(std::string_view content);

  memory_file(memory_file&& other) noexcept;
  memory_file& operator=(memory_file&& other) noexcept;
  ~memory_file();

  /// Returns a path that this process can open.
  std::string path() const;

private:
  explicit memory_file(int fd) : fd_(fd) {}

  int fd_ = -1;
};

/// Who a server is to others.
constexpr auto server_user = "kube-apiserver";

/// The authority of a cluster and what it issued to the cluster's own process.
struct cluster_keys {
  credential authority;
  credential server;
  server_names names; ///< under which the server is reached
  credential admin;
  std::filesystem::path authority_file; ///< the certificate alone
  std::filesystem::path server_file;    ///< key and certificate
};

/// The names under which the servers of a cluster are reached: on this machine,
/// from pods at the address of the Service `kubernetes`, and at `hosts`.
server_names names_of_api(const std::string& service_address,
                          const std::vector<std::string>& hosts = {});

/// Opens the keys under `directory` and makes those that are missing: the
/// authority, the server's own (user kube-apiserver, reached under `names`) and
/// the administrator's (kubernetes-admin in system:masters). What is about to
/// expire, or does not hold all of `names`, is issued anew. A damaged
/// authority is an error: a new one would lock everybody out.
expected<cluster_keys> open_cluster_keys(const std::filesystem::path& directory,
                                         const server_names& names,
                                         time_point now);

/// Opens the credential in `path`, or issues it there when it is missing,
/// damaged, by another authority, for somebody else, without one of `names` or
/// in the last third of its life.
expected<credential> open_credential(const std::filesystem::path& path,
                                     const credential& authority,
                                     const identity& who,
                                     const server_names& names, time_point now);

/// Keeps the credential in `path` from coming to its end: issues it anew where
/// `open_credential` would, for the names that it has and `names`. Processes
/// that share the file all do so; who comes first issues, the others find it
/// done. Returns when the last third of the life of what is there now begins.
expected<time_point> renew_credential(const std::filesystem::path& path,
                                      const credential& authority,
                                      const identity& who, server_names names,
                                      time_point now);

} // namespace troupe::crypto
