#pragma once

#include <filesystem>
#include <string>

namespace troupe::test {

/// Why containers of images cannot be run here; empty when they can.
std::string no_containers_because();

/// Makes the image "busybox" in a folder of images, of the machine's static
/// busybox. It has a user "web", a file /marker, a variable FROM_IMAGE, /work
/// to work in, and says "by default" by itself.
void make_busybox_image(const std::filesystem::path& images);

} // namespace troupe::test
