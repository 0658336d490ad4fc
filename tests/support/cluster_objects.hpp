#pragma once

#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/object.hpp"
#include "messages/time.hpp"

#include <string>

/// Objects of a small cluster for tests; what a case needs beyond that it
/// changes itself.
namespace troupe::test {

/// 2026-01-01T00:00:00Z.
time_point new_year();

/// A set "web" of three replicas in "default" that selects app=web.
apps::v1::ReplicaSet replica_set(int replicas = 3);

/// A deployment "web" in "default" that selects app=web, image "web:1", as
/// the API server returns it.
apps::v1::Deployment deployment(int replicas = 3);

/// A running, ready pod in "default" with app=web, on a node, made at
/// new_year().
core::v1::Pod pod(const std::string& name, const std::string& node = "node-1");

void set_ready(core::v1::Pod& pod, bool ready, time_point since);

/// Makes `owner` the controller.
void own(meta::v1::ObjectMeta& meta, const object& owner);

/// A service "web" in "default" that selects app=web, port 80 to 8080.
core::v1::Service service();

/// A ready node.
core::v1::Node node(const std::string& name);

} // namespace troupe::test
