#pragma once

#include "messages/errors.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace troupe {

/// Says one thing to a server of a cluster that this process has no
/// certificate of yet, and returns its answer, both 64 KiB at most.
///
/// Before anything is said, `check` gets the certificates that the server
/// showed, PEM, its own first and its authority last: whether that is the
/// authority of the cluster that is meant. That the server's is by that
/// authority, is a server's (kube-apiserver) and that the other side holds its
/// key has been checked by then. An error of `check` is returned as it is.
///
/// Fails with ServiceUnavailable when nobody is there or answers in time and
/// when it turns us away, which may pass, and with NotFound when it is no
/// Troupe server. Blocks, for `patience` and what the look-up of a name takes.
expected<std::string> join_call(
    const std::string& host, uint16_t port,
    const std::function<caf::error(const std::string& certificate_chain_pem)>&
        check,
    const std::string& request, std::chrono::seconds patience);

} // namespace troupe
