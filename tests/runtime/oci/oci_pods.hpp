#pragma once

#include "tests/support/pod_fixture.hpp"

#include <string>
#include <vector>

namespace troupe::process {

/// Pods whose containers are made by the OCI runtime that is the parameter, of
/// an image of busybox. Nothing of them may be left in the end.
class OciPods : public PodRuntime,
                public ::testing::WithParamInterface<const char*> {
protected:
  void SetUp() override;
  void TearDown() override;
  runtime_options options() const override;

  /// What the shell script prints in a container of its own.
  std::string said(const std::string& uid, container::ContainerConfig config);
  std::string said(const std::string& uid, const std::string& script);

  /// Mounts, control groups, processes and folders of pods.
  std::vector<std::string> leftovers() const;

  /// What the file of the container's group in that hierarchy says.
  std::string in_group(const std::string& id, const std::string& controller,
                       const std::string& file);

  static container::ContainerConfig shell(const std::string& name,
                                          const std::string& script);
};

} // namespace troupe::process
