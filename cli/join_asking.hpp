#pragma once

#include "cli/joining.hpp"

namespace troupe::cli {

/// Asks one server after the other until one decides, and all of them again,
/// with longer and longer pauses, while what is in the way may pass: too many
/// want to join, a server is not there or not ready. Tells once that it waits.
/// Fails with what the server said that decided, and else, once the time is
/// over, with what each of them said last.
expected<join::JoinAnswer>
ask_to_join(const join_way& way, const std::string& request,
            const join_means& means,
            const std::function<void(const std::string&)>& tell);

} // namespace troupe::cli
