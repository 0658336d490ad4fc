#include "messages/api/meta.pb.h"
#include "runtime/http/discovery.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::http {

namespace {

std::string hash_of(std::string_view group, std::string_view version,
                    std::string_view resource) {
  auto list = resource_list(group, version);
  for (auto& each : list.resources())
    if (each.name() == resource)
      return each.storage_version_hash();
  return "not there";
}

} // namespace

TEST(Discovery, TellsByAHashInWhichFormObjectsAreStored) {
  EXPECT_EQ(hash_of("", "v1", "pods"), "xPOwRZ+Yhw8=") << "as in Kubernetes";
  EXPECT_EQ(hash_of("storage.k8s.io", "v1beta1", "csinodes"),
            hash_of("storage.k8s.io", "v1", "csinodes"));
  EXPECT_EQ(hash_of("", "v1", "bindings"), "") << "nothing is stored";
  EXPECT_EQ(hash_of("", "v1", "pods/status"), "");
}

} // namespace troupe::http
