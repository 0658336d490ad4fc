#include "messages/api/admissionregistration.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds_stored.hpp"
#include "runtime/rules/shown_list.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <set>

namespace troupe::rules {

using namespace admissionregistration::v1;

namespace {

/// At least three labels, such as "check.example.com".
void check_full_name(const std::string& name, const field_path& at,
                     findings& out) {
  if (name.empty())
    return out.required(at);
  auto problems = check_dns1123_subdomain(name);
  out.invalid(at, name, problems);
  if (problems.empty() && std::count(name.begin(), name.end(), '.') < 2)
    out.invalid(at, name,
                "should be a domain with at least three segments separated by "
                "dots");
}

// -- where it is --------------------------------------------------------------

void check_url(const std::string& url, const field_path& at, findings& out) {
  constexpr std::string_view form = "; desired format: https://host[/path]";
  auto mark = url.find("://");
  auto scheme = mark == std::string::npos ? std::string{} : url.substr(0, mark);
  if (scheme != "https")
    out.invalid(at, scheme,
                "'https' is the only allowed URL scheme" + std::string{form});
  auto rest = mark == std::string::npos ? std::string{} : url.substr(mark + 3);
  auto host = rest.substr(0, rest.find_first_of("/?#"));
  auto user = host.rfind('@');
  if (user == std::string::npos ? host.empty() : user + 1 == host.size())
    out.invalid(at, "", "host must be provided" + std::string{form});
  if (user != std::string::npos)
    out.invalid(at, "", "user information is not permitted in the URL");
  auto fragment = url.find('#');
  if (fragment != std::string::npos && fragment + 1 < url.size())
    out.invalid(at, url.substr(fragment + 1),
                "fragments are not permitted in the URL");
  auto query = url.substr(0, fragment).find('?');
  if (query != std::string::npos && query + 1 < url.substr(0, fragment).size())
    out.invalid(at, url.substr(0, fragment).substr(query + 1),
                "query parameters are not permitted in the URL");
}

void check_service_path(const std::string& path, const field_path& at,
                        findings& out) {
  if (path.empty() || path == "/")
    return;
  if (path == "//")
    return out.invalid(at, path, "segment[0] may not be empty");
  if (path[0] != '/')
    out.invalid(at, path, "must start with a '/'");
  auto rest = path.substr(1);
  if (rest.ends_with('/'))
    rest.pop_back();
  for (size_t i = 0, begin = 0; begin <= rest.size(); ++i) {
    auto end = std::min(rest.find('/', begin), rest.size());
    auto segment = rest.substr(begin, end - begin);
    auto where = "segment[" + std::to_string(i) + "]";
    if (segment.empty())
      out.invalid(at, path, where + " may not be empty");
    else
      for (auto& problem : check_dns1123_subdomain(segment))
        out.invalid(at, path, where + ": " + problem);
    begin = end + 1;
  }
}

void check_service(const ServiceReference& service, const field_path& at,
                   findings& out) {
  if (service.name().empty())
    out.required(at.child("name"), "service name is required");
  if (service.namespace_().empty())
    out.required(at.child("namespace"), "service namespace is required");
  auto port = service.has_port() ? service.port() : 443;
  for (auto& problem : check_port_number(port))
    out.invalid(at.child("port"), port, "port is not valid: " + problem);
  check_service_path(service.path(), at.child("path"), out);
}

void check_client(const WebhookClientConfig& client, const field_path& at,
                  findings& out) {
  auto url = at.child("url");
  auto service = at.child("service");
  if (client.has_url() == client.has_service())
    out.required(at, "exactly one of url or service is required");
  else if (client.has_url())
    check_url(client.url(), url, out);
  else
    check_service(client.service(), service, out);
}

// -- what it hears of ---------------------------------------------------------

void check_resources(const words& list, const field_path& at, findings& out) {
  if (list.empty())
    out.required(at);
  std::set<std::string> whole;     // of x/*
  std::set<std::string> everybody; // of */x
  bool single = false;
  bool plain = false;
  for (int i = 0; i < list.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    auto& text = list[i];
    auto slash = text.find('/');
    if (text.empty()) {
      out.required(one);
    } else if (slash == std::string::npos) {
      single = single || text == "*";
      plain = plain || text != "*";
    } else {
      auto resource = text.substr(0, slash);
      auto part = text.substr(slash + 1);
      if (whole.contains(resource))
        out.invalid(one, text,
                    "if '" + resource + "/*' is present, must not specify "
                        + text);
      if (everybody.contains(part))
        out.invalid(one, text,
                    "if '*/" + part + "' is present, must not specify " + text);
      if (part == "*")
        whole.insert(resource);
      if (resource == "*")
        everybody.insert(part);
    }
  }
  if (list.size() > 1 && whole.contains("*"))
    out.invalid(at, shown_list(list),
                "if '*/*' is present, must not specify other resources");
  if (single && plain)
    out.invalid(at, shown_list(list),
                "if '*' is present, must not specify other resources without "
                "subresources");
}

void check_rule(const RuleWithOperations& rule, const field_path& at,
                findings& out) {
  auto operations = at.child("operations");
  if (rule.operations().empty())
    out.required(operations);
  require_lone_star(rule.operations(), "operations", operations, out);
  auto& what = rule.rule();
  auto groups = at.child("apiGroups");
  if (what.api_groups().empty())
    out.required(groups);
  require_lone_star(what.api_groups(), "API groups", groups, out);
  auto versions = at.child("apiVersions");
  if (what.api_versions().empty())
    out.required(versions);
  require_lone_star(what.api_versions(), "API versions", versions, out);
  for (int i = 0; i < what.api_versions_size(); ++i)
    if (what.api_versions(i).empty())
      out.required(versions[static_cast<size_t>(i)]);
  auto resources = at.child("resources");
  check_resources(what.resources(), resources, out);
}

void check_reviews(const words& versions, const field_path& at, findings& out) {
  if (versions.empty())
    return out.required(at, "must specify one of v1, v1beta1");
  std::set<std::string> seen;
  for (int i = 0; i < versions.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    if (!seen.insert(versions[i]).second)
      out.invalid(one, versions[i], "duplicate version");
    else
      out.invalid(one, versions[i], check_dns1035_label(versions[i]));
  }
  if (!seen.contains("v1") && !seen.contains("v1beta1"))
    out.invalid(at, shown_list(versions),
                "must include at least one of v1, v1beta1");
}

template <class Hook>
void check_hook(const Hook& hook, const field_path& at, findings& out) {
  check_full_name(hook.name(), at.child("name"), out);
  auto rules = at.child("rules");
  for (int i = 0; i < hook.rules_size(); ++i) {
    auto one = rules[static_cast<size_t>(i)];
    check_rule(hook.rules(i), one, out);
  }
  auto effects = at.child("sideEffects");
  if (!hook.has_side_effects())
    out.required(effects, "must specify one of None, NoneOnDryRun");
  // Those that v1 takes no longer; what is none of all is told already.
  else if (hook.side_effects() == "Some" || hook.side_effects() == "Unknown")
    out.not_supported(effects, hook.side_effects(), {"None", "NoneOnDryRun"});
  auto seconds = hook.timeout_seconds();
  if (hook.has_timeout_seconds() && (seconds > 30 || seconds < 1))
    out.invalid(at.child("timeoutSeconds"), seconds,
                "the timeout value must be between 1 and 30 seconds");
  auto spaces = at.child("namespaceSelector");
  if (hook.has_namespace_selector())
    validate_selector(hook.namespace_selector(), spaces, out);
  auto objects = at.child("objectSelector");
  if (hook.has_object_selector())
    validate_selector(hook.object_selector(), objects, out);
  auto client = at.child("clientConfig");
  check_client(hook.client_config(), client, out);
  auto reviews = at.child("admissionReviewVersions");
  check_reviews(hook.admission_review_versions(), reviews, out);
}

template <class T>
void validate_hooks(const T& obj, findings& out) {
  field_path at{"webhooks"};
  std::set<std::string> seen;
  for (int i = 0; i < obj.webhooks_size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    auto& name = obj.webhooks(i).name();
    check_hook(obj.webhooks(i), one, out);
    if (!name.empty() && !seen.insert(name).second)
      out.duplicate(one.child("name"), name);
  }
}

} // namespace

void add_webhook_validation(registry& all) {
  using validating = ValidatingWebhookConfiguration;
  using mutating = MutatingWebhookConfiguration;
  all.of<validating>().validate = check<validating, validate_hooks<validating>>;
  all.of<mutating>().validate = check<mutating, validate_hooks<mutating>>;
}

} // namespace troupe::rules
