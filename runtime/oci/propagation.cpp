#include "runtime/oci/propagation.hpp"

#include <algorithm>
#include <sstream>

namespace troupe::oci {

namespace {

struct mount_point {
  std::string place;
  bool shared = false;
  bool slave = false;
};

bool contains(const std::string& folder, const std::string& path) {
  return folder == "/" || path == folder
         || (path.size() > folder.size()
             && path.compare(0, folder.size(), folder) == 0
             && path[folder.size()] == '/');
}

mount_point read_line(const std::string& line) {
  std::istringstream words{line};
  std::string word;
  mount_point result;
  for (int i = 0; words >> word && word != "-"; ++i) {
    if (i == 4)
      result.place = word;
    result.shared = result.shared || word.compare(0, 7, "shared:") == 0;
    result.slave = result.slave || word.compare(0, 7, "master:") == 0;
  }
  return result;
}

} // namespace

caf::error check_propagation(std::string_view mountinfo,
                             const container::Mount& volume) {
  if (volume.propagation() == container::PRIVATE)
    return {};
  std::istringstream lines{std::string{mountinfo}};
  mount_point on;
  for (std::string line; std::getline(lines, line);) {
    auto each = read_line(line);
    // Of two on one place the later hides the other.
    if (contains(each.place, volume.host_path())
        && each.place.size() >= on.place.size())
      on = std::move(each);
  }
  auto both = volume.propagation() == container::BIDIRECTIONAL;
  if (on.shared || (on.slave && !both))
    return {};
  return make_error(ec::invalid, "path \"" + volume.host_path()
                                     + "\" is mounted on \"" + on.place
                                     + "\" but it is not a shared"
                                     + (both ? "" : " or slave") + " mount");
}

} // namespace troupe::oci
