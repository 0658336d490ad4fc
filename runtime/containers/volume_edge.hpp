#pragma once

#include "runtime/rules/pod_volumes.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe {

/// Puts the volumes of pods on the machine's disk.
///
/// A pod has a folder of its own; in it each volume is a folder named after
/// it. A volume of files holds links to `..data`, which is a link to a folder
/// with the present content: a change replaces that one link, so that readers
/// see all of the old content or all of the new.
class volume_edge {
public:
  /// Called once with why it failed, or an empty text; on any thread, perhaps
  /// before the call returns.
  using done = std::function<void(std::string problem)>;

  virtual ~volume_edge() = default;

  /// Makes the volumes be as planned; those that are stay untouched. What
  /// `sub_folders` names ("volume/path") exists afterwards, where the volume
  /// is a folder of the pod's own.
  virtual void write(std::string pod_folder,
                     std::vector<rules::volume_plan> plans,
                     std::vector<std::string> sub_folders, done tell) = 0;

  /// Removes a folder and all that is in it. What only is mounted or linked
  /// there stays.
  virtual void remove(std::string folder, done tell) = 0;
};

/// Returns where a volume lies, or where the machine has it.
std::string volume_path(const std::string& pod_folder,
                        const rules::volume_plan& plan);

/// Remembers what it was told and does nothing: for simulated nodes.
class simulated_volumes : public volume_edge {
public:
  void write(std::string pod_folder, std::vector<rules::volume_plan> plans,
             std::vector<std::string>, done tell) override {
    if (keep)
      written[std::move(pod_folder)] = std::move(plans);
    tell({});
  }

  void remove(std::string folder, done tell) override {
    if (keep)
      written.erase(folder);
    tell({});
  }

  bool keep = false; ///< for tests; else nothing is remembered
  std::map<std::string, std::vector<rules::volume_plan>> written;
};

} // namespace troupe
