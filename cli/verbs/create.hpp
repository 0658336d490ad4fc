#pragma once

#include "cli/environment.hpp"

namespace troupe::cli {

/// `create service clusterip|nodeport|loadbalancer|externalname`.
void add_create_service(CLI::App& create, environment& env);

/// `create configmap` and `create secret generic`.
void add_create_config(CLI::App& create, environment& env);

/// `create role`, `clusterrole`, `rolebinding` and `clusterrolebinding`.
void add_create_rbac(CLI::App& create, environment& env);

/// `create token`.
void add_create_token(CLI::App& create, environment& env);

} // namespace troupe::cli
