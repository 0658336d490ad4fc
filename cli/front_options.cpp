#include "cli/front_options.hpp"

#include "cli/join_service.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/rules/known_tokens.hpp"

#include <nlohmann/json.hpp>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr auto audit_file = "pki/audit.json";
constexpr auto first_server = "server-1";

caf::error in_file(const std::string& file, const caf::error& why) {
  return make_error(ec::bad_request, file + ": " + message_of(why));
}

caf::error forget(const fs::path& file) {
  std::error_code failed;
  fs::remove(file, failed);
  return failed
             ? make_error(ec::internal_error, "cannot remove " + file.string()
                                                  + ": " + failed.message())
             : caf::error{};
}

caf::error write(const fs::path& file, const std::string& text) {
  auto done = crypto::write_secret_file(file, text);
  return done ? caf::error{} : done.error();
}

caf::error keep_tokens(const fs::path& data_dir, const std::string& file) {
  auto kept = data_dir / known_tokens_file;
  if (file.empty())
    return forget(kept);
  auto text = crypto::read_file(file);
  if (!text)
    return make_error(ec::bad_request, message_of(text.error()));
  if (auto known = rules::parse_token_file(*text); !known)
    return in_file(file, known.error());
  return write(kept, *text);
}

caf::error keep_audit(const fs::path& data_dir, const front_options& options) {
  auto kept = data_dir / audit_file;
  if (options.audit_policy.empty() != options.audit_log.empty())
    return make_error(ec::bad_request,
                      "--audit-policy-file and --audit-log-path are given "
                      "together, or neither");
  if (options.audit_policy.empty())
    return forget(kept);
  auto text = crypto::read_file(options.audit_policy);
  if (!text)
    return make_error(ec::bad_request, message_of(text.error()));
  if (auto policy = rules::audit_policy::parse(*text); !policy)
    return in_file(options.audit_policy, policy.error());
  json all{{"policy", *text},
           {"file", fs::absolute(options.audit_log).string()},
           {"megabytes", options.audit_megabytes},
           {"backups", options.audit_backups},
           {"oneServer", options.one_server}};
  return write(kept, all.dump());
}

} // namespace

caf::error keep_front(const fs::path& data_dir, const front_options& options) {
  if (auto err = keep_tokens(data_dir, options.token_file))
    return err;
  return keep_audit(data_dir, options);
}

expected<std::shared_ptr<const rules::audit_settings>>
read_audit(const fs::path& data_dir, const std::string& process) {
  using settings_ptr = std::shared_ptr<const rules::audit_settings>;
  auto path = data_dir / audit_file;
  auto text = crypto::read_file(path);
  if (!text && is(text.error(), ec::not_found))
    return settings_ptr{};
  if (!text)
    return text.error();
  auto all = json::parse(*text, nullptr, false);
  if (!all.is_object())
    return make_error(ec::internal_error, path.string() + " cannot be read");
  auto policy = rules::audit_policy::parse(all.value("policy", std::string{}));
  if (!policy)
    return in_file(path.string(), policy.error());
  auto result = std::make_shared<rules::audit_settings>();
  result->policy = std::move(*policy);
  fs::path file = all.value("file", std::string{});
  if (process != first_server && !all.value("oneServer", false))
    file.replace_filename(file.stem().string() + "." + process
                          + file.extension().string());
  result->file = file.string();
  result->most_bytes = uint64_t{all.value("megabytes", 100u)} << 20;
  result->backups = all.value("backups", 10u);
  return settings_ptr{std::move(result)};
}

} // namespace troupe::cli
