#include "runtime/rules/requests.hpp"

#include "messages/api/meta.pb.h"
#include "messages/kinds.hpp"
#include "runtime/rules/findings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace troupe::rules {

namespace {

void check_dry_run(const std::vector<std::string>& values, findings& out) {
  std::string all;
  auto wrong = false;
  for (auto& value : values) {
    all += (all.empty() ? "" : ", ") + shown{value}.text;
    wrong = wrong || value != "All";
  }
  // Kubernetes shows all of them, as Go writes a list.
  if (wrong)
    out.add({{"FieldValueNotSupported", "dryRun",
              "Unsupported value: []string{" + all
                  + "}: supported values: \"All\""}});
}

void check_manager(const std::string& manager, findings& out) {
  field_path at{"fieldManager"};
  // Each of the others quotes all of it.
  if (manager.size() > 128)
    return out.too_long(at, 128, "bytes");
  for (size_t i = 0; i < manager.size(); ++i) {
    auto c = static_cast<unsigned char>(manager[i]);
    if (c < ' ' || c == 0x7f)
      out.invalid(
          at, manager,
          fmt::format("invalid character U+{:04X} (at position {})", c, i));
  }
}

} // namespace

caf::error check_type(const kind_info& wished, std::string_view api_version,
                      std::string_view kind) {
  if (!api_version.empty() && api_version != wished.api_version())
    return make_error(ec::bad_request,
                      "the API version in the data (" + std::string{api_version}
                          + ") does not match the expected API version ("
                          + wished.api_version() + ")");
  if (!kind.empty() && kind != wished.kind)
    return make_error(ec::bad_request, std::string{kind} + " in version \""
                                           + wished.api_version()
                                           + "\" cannot be handled as a "
                                           + std::string{wished.kind});
  return caf::none;
}

caf::error check_place(const meta::v1::ObjectMeta& meta, const kind_info& kind,
                       std::string_view ns, std::string_view name) {
  if (kind.namespaced && !meta.namespace_().empty() && meta.namespace_() != ns)
    return make_error(
        ec::bad_request,
        name.empty()
            ? "the namespace of the provided object does not match the "
              "namespace sent on the request"
            : "the namespace of the object (" + meta.namespace_()
                  + ") does not match the namespace on the request ("
                  + std::string{ns} + ")");
  if (!name.empty() && !meta.name().empty() && meta.name() != name)
    return make_error(ec::bad_request, "the name of the object (" + meta.name()
                                           + ") does not match the name on "
                                             "the URL ("
                                           + std::string{name} + ")");
  return caf::none;
}

std::vector<field_error>
validate_write_parameters(const write_parameters& given) {
  findings out;
  check_dry_run(given.dry_run, out);
  if (given.has_force && !given.apply_patch)
    out.forbidden(field_path{"force"},
                  "may not be specified for non-apply patch");
  field_path manager{"fieldManager"};
  if (given.field_manager.empty() && given.apply_patch)
    out.required(manager, "is required for apply patch");
  check_manager(given.field_manager, out);
  auto& validation = given.field_validation;
  if (!validation.empty() && validation != "Ignore" && validation != "Warn"
      && validation != "Strict")
    out.not_supported(field_path{"fieldValidation"}, validation,
                      {"", "Ignore", "Strict", "Warn"});
  return out.take();
}

bool subresource_takes(std::string_view subresource, std::string_view verb) {
  struct row {
    std::string_view name;
    std::string_view verbs;
  };
  // Not here: resize and token, which nothing provides yet; log, exec, attach
  // and portforward, which are streams.
  static constexpr row rows[] = {
      {"status", "get patch update"},
      {"scale", "get patch update"},
      {"approval", "get patch update"},
      {"ephemeralcontainers", "get patch update"},
      {"finalize", "update"},
      {"binding", "create"},
      {"eviction", "create"},
  };
  for (auto& each : rows)
    if (each.name == subresource)
      return each.verbs.find(verb) != std::string_view::npos;
  return false;
}

namespace {

constexpr const char* match_field = "resourceVersionMatch";

void check_watch_options(const meta::v1::ListOptions& options, findings& out) {
  auto& match = options.resource_version_match();
  field_path at{match_field};
  if (options.has_send_initial_events() && match != "NotOlderThan")
    out.forbidden(at, "sendInitialEvents requires setting "
                      "resourceVersionMatch to NotOlderThan");
  if (match.empty())
    return;
  if (!options.has_send_initial_events())
    out.forbidden(at, "resourceVersionMatch is forbidden for watch unless "
                      "sendInitialEvents is provided");
  if (match != "NotOlderThan")
    out.not_supported(at, match, {"NotOlderThan"});
  if (!options.continue_().empty())
    out.forbidden(at, "resourceVersionMatch is forbidden when continue is "
                      "provided");
}

void check_match(const meta::v1::ListOptions& options, findings& out) {
  auto& match = options.resource_version_match();
  field_path at{match_field};
  if (match.empty())
    return;
  if (options.resource_version().empty())
    out.forbidden(at, "resourceVersionMatch is forbidden unless "
                      "resourceVersion is provided");
  if (!options.continue_().empty())
    out.forbidden(at, "resourceVersionMatch is forbidden when continue is "
                      "provided");
  if (match != "Exact" && match != "NotOlderThan")
    out.add({{"FieldValueNotSupported", match_field,
              "Unsupported value: " + shown{match}.text
                  + ": supported values: \"Exact\", \"NotOlderThan\", "
                    "\"\""}});
  if (match == "Exact" && options.resource_version() == "0")
    out.forbidden(at, "resourceVersionMatch \"exact\" is forbidden for "
                      "resourceVersion \"0\"");
}

} // namespace

std::vector<field_error>
validate_list_options(const meta::v1::ListOptions& options) {
  findings out;
  auto not_negative = [&](const char* name, int64_t value) {
    if (value < 0)
      out.invalid(field_path{name}, value,
                  "must be greater than or equal to 0");
  };
  not_negative("limit", options.limit());
  not_negative("timeoutSeconds", options.timeout_seconds());
  if (options.watch()) {
    check_watch_options(options, out);
    return out.take();
  }
  check_match(options, out);
  if (options.has_send_initial_events())
    out.forbidden(field_path{"sendInitialEvents"},
                  "sendInitialEvents is forbidden for list");
  return out.take();
}

std::vector<field_error>
validate_delete_options(const meta::v1::DeleteOptions& options) {
  findings out;
  field_path policy{"propagationPolicy"};
  if (options.has_orphan_dependents() && options.has_propagation_policy())
    out.invalid(policy, options.propagation_policy(),
                "orphanDependents and deletionPropagation cannot be both set");
  auto& value = options.propagation_policy();
  if (options.has_propagation_policy() && value != "Foreground"
      && value != "Background" && value != "Orphan")
    out.not_supported(policy, value,
                      {"Foreground", "Background", "Orphan", "nil"});
  if (options.grace_period_seconds() < 0)
    out.invalid(field_path{"gracePeriodSeconds"},
                options.grace_period_seconds(),
                "must be greater than or equal to 0");
  check_dry_run({options.dry_run().begin(), options.dry_run().end()}, out);
  return out.take();
}

} // namespace troupe::rules
