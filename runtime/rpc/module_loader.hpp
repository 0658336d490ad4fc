#pragma once

#include "messages/errors.hpp"
#include "runtime/rpc/rpc_edge.hpp"

#include <filesystem>
#include <memory>

namespace troupe::rpc {

/// Loads gRPC from `troupe-grpc.so` in that folder, once; it stays loaded.
/// ec::service_unavailable says what is missing.
expected<std::shared_ptr<rpc_edge>>
load_edge(const std::filesystem::path& folder);

} // namespace troupe::rpc
