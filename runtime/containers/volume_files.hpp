#pragma once

#include "runtime/containers/volume_edge.hpp"
#include "runtime/system/task_thread.hpp"

namespace troupe {

/// Volumes on the machine's file system, written by one thread that exists
/// once there was something to write. Ends when all that was asked for is done.
class volume_files : public volume_edge {
public:
  void write(std::string pod_folder, std::vector<rules::volume_plan> plans,
             std::vector<std::string> sub_folders, done tell) override;
  void remove(std::string folder, done tell) override;

private:
  task_thread thread_;
};

/// Makes one volume be as planned, under `folder`. Returns the problem, or an
/// empty text.
std::string write_volume(const std::string& folder,
                         const rules::volume_plan& plan);

/// Returns why a path of the machine is not what a hostPath volume asks for;
/// makes it where the type says so.
std::string check_host_path(const rules::volume_plan& plan);

} // namespace troupe
