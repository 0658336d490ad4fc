#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"

#include <optional>
#include <string>
#include <vector>

/// What of a pod lies on disk, in a folder of its own (mode 0700) named by the
/// sandbox's identifier:
///
///   sandbox              its creation and SandboxConfig
///   shim.sock, shim.pid  how to reach the shim
///   c/NAME_ATTEMPT/      one per container:
///     container          its Container as it was created (nothing secret)
///     state              how it stands, written by the shim
///     message            its last words, written by itself
namespace troupe::process {

struct stored_sandbox {
  int64_t created_at = 0;
  container::SandboxConfig config;
};

/// Name of the file for a container's last words in its folder.
constexpr auto message_file = "message";

/// Gives a container that has ended the message that it left, if any: at most
/// 4096 bytes of its file; else, if asked for and it failed, the last 80 lines
/// of its log, at most 2048 bytes (Kubernetes' limits).
void add_message(const std::string& pod_folder, container::Container& c);

/// "UID_ATTEMPT"; invalid when a field cannot be part of a file name.
expected<std::string> sandbox_id_of(const container::SandboxConfig& config);

/// "SANDBOX_NAME_ATTEMPT".
std::string container_id_of(const std::string& sandbox,
                            const container::ContainerConfig& config);

/// Path of a container's folder below that of its pod.
std::string container_folder_of(const container::ContainerConfig& config);
std::string container_folder_of(const container::Container& status);

/// Creates the folder with everything above it.
caf::error make_folder(const std::string& path);

/// Replaces the file in one step.
caf::error write_file(const std::string& path, const std::string& bytes);
std::optional<std::string> read_file(const std::string& path);

caf::error store_sandbox(const std::string& folder, const stored_sandbox& what);
std::optional<stored_sandbox> load_sandbox(const std::string& folder);

caf::error store_container(const std::string& folder,
                           const container::Container& what);

/// All containers of the pod, with what their state files say; one that those
/// call running is told as running. Those whose files were damaged are left
/// out.
std::vector<container::Container> load_containers(const std::string& folder);

/// The shim's process when it still lives, else 0.
int64_t live_shim(const std::string& folder);

/// Connects to the shim, and so takes the place of who was before; -1 when
/// there is none.
int dial_shim(const std::string& folder);

/// Kills the shim when it still lives, by its socket where the file with its
/// process was damaged; its containers follow.
void kill_shim(const std::string& folder);

/// Removes the folder with all below; what is missing is no error.
void remove_folder(const std::string& path);

} // namespace troupe::process
