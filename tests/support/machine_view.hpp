#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

/// What is seen of a real cluster from outside: processes, networks, locks.
namespace troupe::test {

struct seen_process {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string name;    ///< of the executable or as it calls itself
  std::string command; ///< arguments, with spaces between
  std::string folder;  ///< that it works in
  std::map<std::string, std::string> environment;
};

/// All processes that live and that we may look into; no zombies.
std::vector<seen_process> processes();

/// The shims of the cluster's pods, by the pod's uid. More than one of a uid
/// are all there.
std::multimap<std::string, pid_t> shims(const std::vector<seen_process>& all,
                                        const std::filesystem::path& data);

/// Those whose variable `name` has this value.
std::vector<seen_process> with_variable(const std::vector<seen_process>& all,
                                        const std::string& name,
                                        const std::string& value);

/// Names and aliases of the machine's network interfaces that a cluster made
/// for addresses that begin so ("10.7.").
std::vector<std::string> interfaces_of(const std::string& addresses);

/// Mounts of this process's namespace below a folder.
std::vector<std::string> mounts_below(const std::filesystem::path& folder);

/// Whether somebody holds the file's lock.
bool is_locked(const std::filesystem::path& file);

/// The file's bytes; "" when there is none.
std::string content_of(const std::filesystem::path& file);

} // namespace troupe::test
