#pragma once

#include "messages/object.hpp"
#include "runtime/rules/bootstrap_token.hpp"

#include <optional>
#include <string>
#include <vector>

/// What whoever joins may read before it knows anybody: the ConfigMap
/// kube-public/cluster-info with a kubeconfig without users, signed by each
/// bootstrap token. Who has a token knows by that who it speaks to.
namespace troupe::rules {

constexpr auto cluster_info_namespace = "kube-public";
constexpr auto cluster_info_name = "cluster-info";

/// Returns the ConfigMap for an API server at `server`, https://HOST:PORT,
/// whose authority has that certificate, PEM. It is signed by nobody yet.
object cluster_info(const std::string& server, const std::string& authority);

/// Returns the stored ConfigMap with the kubeconfig of `wanted`; none where it
/// has that.
object corrected_cluster_info(const object& stored, const object& wanted);

/// Returns the ConfigMap with a signature by each of the tokens that may sign
/// and are not over, and by no other; none where that is so.
object signed_cluster_info(const object& stored,
                           const std::vector<bootstrap_token>& tokens,
                           time_point now);

/// Returns when the next of them is over, and another signature goes.
std::optional<time_point>
next_signature_end(const std::vector<bootstrap_token>& tokens, time_point now);

} // namespace troupe::rules
