#include "runtime/printing/rule_rows.hpp"

#include <algorithm>

namespace troupe::printing {

namespace {

using rbac::v1::PolicyRule;
using words = std::vector<std::string>;

/// One resource or path with its verbs.
struct part {
  words verbs;
  std::string group;
  std::string resource;
  std::string name;
  std::string path;

  bool same_place(const part& x) const {
    return group == x.group && resource == x.resource && name == x.name
           && path.empty() && x.path.empty();
  }
};

std::string listed(const words& list) {
  std::string out{"["};
  for (auto& word : list)
    out += (out.size() > 1 ? " " : "") + word;
  return out + "]";
}

std::string listed(const std::string& word) {
  return "[" + word + "]";
}

/// "deployments.apps/scale".
std::string place_of(const part& x) {
  auto slash = x.resource.find('/');
  auto out = x.resource.substr(0, slash);
  if (!x.group.empty())
    out += "." + x.group;
  return slash == std::string::npos ? out : out + x.resource.substr(slash);
}

void add(std::vector<part>& to, part one) {
  auto known = std::find_if(to.begin(), to.end(),
                            [&](auto& other) { return other.same_place(one); });
  if (known == to.end()) {
    to.push_back(std::move(one));
    return;
  }
  auto& verbs = known->verbs;
  if (std::find(verbs.begin(), verbs.end(), one.verbs.front()) == verbs.end())
    verbs.push_back(one.verbs.front());
}

void break_down(const PolicyRule& rule, std::vector<part>& to) {
  for (auto& group : rule.api_groups())
    for (auto& resource : rule.resources())
      for (auto& verb : rule.verbs()) {
        if (rule.resource_names().empty())
          add(to, {{verb}, group, resource, {}, {}});
        for (auto& name : rule.resource_names())
          add(to, {{verb}, group, resource, name, {}});
      }
  for (auto& path : rule.non_resource_urls())
    for (auto& verb : rule.verbs())
      add(to, {{verb}, {}, {}, {}, path});
}

/// kubectl sorts rules by how they print.
std::string key_of(const part& x) {
  return listed(x.verbs) + "," + listed(x.group) + "," + listed(x.resource)
         + "," + listed(x.name) + "," + listed(x.path);
}

} // namespace

std::vector<rule_row>
rule_rows(const google::protobuf::RepeatedPtrField<PolicyRule>& rules) {
  std::vector<part> parts;
  for (auto& rule : rules)
    break_down(rule, parts);
  std::stable_sort(parts.begin(), parts.end(),
                   [](auto& a, auto& b) { return key_of(a) < key_of(b); });
  std::vector<rule_row> result;
  for (auto& one : parts)
    result.push_back(
        {place_of(one), listed(one.path), listed(one.name), listed(one.verbs)});
  return result;
}

} // namespace troupe::printing
