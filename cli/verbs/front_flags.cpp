#include "cli/verbs/front_flags.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>

namespace troupe::cli {

void add_front_flags(CLI::App& to, front_options& options) {
  to.add_option("--token-auth-file", options.token_file,
                "File with lines of token,user,uid,\"group1,group2\": who "
                "shows such a token is that user");
  to.add_option("--audit-policy-file", options.audit_policy,
                "Policy of audit.k8s.io/v1: what is noted of requests that "
                "come over HTTP");
  to.add_option("--audit-log-path", options.audit_log,
                "File that it is noted in, a line of JSON for each event");
  to.add_option("--audit-log-maxsize", options.audit_megabytes,
                "Megabytes after which another file is begun, 0 for never")
      ->capture_default_str();
  to.add_option("--audit-log-maxbackup", options.audit_backups,
                "Earlier files that are kept, 0 for all")
      ->capture_default_str();
}

void settle_front(front_options& options) {
  for (auto* file :
       {&options.token_file, &options.audit_policy, &options.audit_log})
    if (!file->empty())
      *file = std::filesystem::absolute(*file);
}

} // namespace troupe::cli
