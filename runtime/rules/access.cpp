#include "runtime/rules/access.hpp"

#include "runtime/text/selector.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

constexpr std::string_view account_prefix = "system:serviceaccount:";

void add_group(caller& who, const std::string& group) {
  if (!who.in_group(group))
    who.groups.push_back(group);
}

/// Kubernetes: what browsers might take for something else.
std::string escaped(const std::string& text) {
  std::string out;
  for (auto c : text)
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  return out;
}

std::string what_text(const access& what) {
  auto text = " resource \"" + what.whole_resource() + "\" in API group \""
              + what.group + "\"";
  return text
         + (what.ns.empty() ? " at the cluster scope"
                            : " in the namespace \"" + what.ns + "\"");
}

} // namespace

bool caller::in_group(const std::string& group) const {
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

void add_implied_groups(caller& who) {
  if (who.user.starts_with(account_prefix)) {
    auto at = who.user.find(':', account_prefix.size());
    auto ns = who.user.substr(
        account_prefix.size(),
        at == std::string::npos ? at : at - account_prefix.size());
    add_group(who, "system:serviceaccounts");
    add_group(who, "system:serviceaccounts:" + ns);
  }
  if (!who.in_group(unauthenticated_group))
    add_group(who, authenticated_group);
}

std::string account_user(const std::string& ns, const std::string& name) {
  return std::string{account_prefix} + ns + ":" + name;
}

std::string controller_user(const std::string& name) {
  return account_user("kube-system", name);
}

std::string access::whole_resource() const {
  return subresource.empty() ? resource : resource + "/" + subresource;
}

std::string selected_name(const std::string& field_selector) {
  auto fields = text::field_selector::parse(field_selector);
  if (!fields)
    return {};
  return fields->required("metadata.name").value_or(std::string{});
}

std::string refusal_text(const caller& who, const access& what,
                         const std::string& reason) {
  auto user = "User \"" + escaped(who.user) + "\" cannot " + what.verb;
  std::string text;
  if (!what.path.empty()) {
    text = "forbidden: " + user + " path \"" + escaped(what.path) + "\"";
  } else {
    text = what.resource + (what.group.empty() ? "" : "." + what.group);
    if (!what.name.empty())
      text += " \"" + what.name + "\"";
    text += " is forbidden: " + user + what_text(what);
  }
  return reason.empty() ? text : text + ": " + reason;
}

} // namespace troupe::rules
