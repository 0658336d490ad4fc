#include "runtime/rules/impersonation.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

constexpr std::string_view any_prefix = "impersonate-";
constexpr std::string_view extra_prefix = "impersonate-extra-";
constexpr std::string_view account_prefix = "system:serviceaccount:";
constexpr auto anonymous = "system:anonymous";
constexpr auto own_group = "authentication.k8s.io";

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

int digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// Keys may hold what no header's name can, as %XX; what is none stays.
std::string unescaped(const std::string& key) {
  std::string out;
  for (size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '%') {
      if (i + 2 >= key.size() || digit(key[i + 1]) < 0 || digit(key[i + 2]) < 0)
        return key;
      out += static_cast<char>(digit(key[i + 1]) * 16 + digit(key[i + 2]));
      i += 2;
    } else {
      out += key[i];
    }
  }
  return out;
}

access need(const char* group, const char* resource, std::string name) {
  access what;
  what.verb = "impersonate";
  what.group = group;
  what.resource = resource;
  what.name = std::move(name);
  return what;
}

/// Returns namespace and name of a service account's user; "" for others.
std::pair<std::string, std::string> account_in(const std::string& user) {
  if (user.rfind(account_prefix, 0) != 0)
    return {};
  auto rest = user.substr(account_prefix.size());
  auto colon = rest.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == rest.size()
      || rest.find(':', colon + 1) != std::string::npos)
    return {};
  return {rest.substr(0, colon), rest.substr(colon + 1)};
}

void add_user(impersonation& out, bool groups_named) {
  auto [ns, name] = account_in(out.who.user);
  if (name.empty()) {
    out.needs.push_back(need("", "users", out.who.user));
    return;
  }
  out.needs.push_back(need("", "serviceaccounts", name));
  out.needs.back().ns = ns;
  if (!groups_named)
    out.who.groups = {"system:serviceaccounts", "system:serviceaccounts:" + ns};
}

/// Kubernetes: whoever is somebody is authenticated, unless the groups that
/// are named say one or the other.
void add_implied(caller& who) {
  if (who.user == anonymous) {
    if (!who.in_group(unauthenticated_group))
      who.groups.push_back(unauthenticated_group);
  } else if (!who.in_group(authenticated_group)
             && !who.in_group(unauthenticated_group)) {
    who.groups.push_back(authenticated_group);
  }
}

/// What is wished for, as Kubernetes prints its references to it.
std::string references(const std::vector<std::string>& groups,
                       const std::vector<access>& others) {
  std::string out;
  auto add = [&](const std::string& one) {
    out += (out.empty() ? "{" : " {") + one + "}";
  };
  for (auto& group : groups)
    add("Group  " + group + "    ");
  for (auto& each : others)
    if (each.resource == "uids")
      add("UID  " + each.name + "  " + own_group + "/v1  ");
    else
      add("UserExtra  " + each.name + "  " + own_group + "/v1  "
          + each.subresource);
  return "[" + out + "]";
}

} // namespace

bool is_impersonation(std::string_view header) {
  return lower(header.substr(0, any_prefix.size())) == any_prefix;
}

expected<impersonation> read_impersonation(
    const std::vector<std::pair<std::string, std::string>>& headers) {
  impersonation out;
  std::vector<std::string> groups;
  std::vector<access> others;
  for (auto& [spelled, value] : headers) {
    auto name = lower(spelled);
    if (name == "impersonate-user") {
      if (out.who.user.empty())
        out.who.user = value;
    } else if (name == "impersonate-group") {
      groups.push_back(value);
    } else if (name == "impersonate-uid") {
      if (out.who.uid.empty())
        out.who.uid = value;
    } else if (name.rfind(extra_prefix, 0) == 0) {
      auto key = unescaped(name.substr(extra_prefix.size()));
      out.who.extra[key].push_back(value);
      others.push_back(need(own_group, "userextras", value));
      others.back().subresource = key;
    }
  }
  if (!out.who.uid.empty())
    others.push_back(need(own_group, "uids", out.who.uid));
  if (out.who.user.empty()) {
    if (groups.empty() && others.empty())
      return out;
    return make_error(ec::internal_error,
                      "requested " + references(groups, others)
                          + " without impersonating a user");
  }
  add_user(out, !groups.empty());
  for (auto& group : groups) {
    out.needs.push_back(need("", "groups", group));
    out.who.groups.push_back(group);
  }
  out.needs.insert(out.needs.end(), others.begin(), others.end());
  add_implied(out.who);
  return out;
}

} // namespace troupe::rules
