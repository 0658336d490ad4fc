#pragma once

#include "messages/time.hpp"
#include "runtime/images/image_record.hpp"
#include "runtime/text/document.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::cli {

/// Returns the rows of `image list`: one per tag, as people write it.
std::string print_images(const std::vector<images::image_record>& all,
                         bool wide, bool no_headers, time_point now);

/// Returns images as CRI's ListImages tells of them in JSON.
text::document images_document(const std::vector<images::image_record>& all);

/// "1.98MB": three digits and powers of a thousand.
std::string size_text(uint64_t bytes);

/// The first twelve digits of an id.
std::string short_id(const std::string& id);

} // namespace troupe::cli
