#include "runtime/rules/default_policy.hpp"

#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/rbac_aggregate.hpp"

#include <algorithm>
#include <sstream>

namespace troupe::rules {

namespace {

using namespace rbac::v1;

constexpr auto rbac_group = "rbac.authorization.k8s.io";
constexpr auto autoupdate = "rbac.authorization.kubernetes.io/autoupdate";
constexpr auto label_prefix = "rbac.authorization.k8s.io/";

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> result;
  std::istringstream in{list};
  for (std::string word; std::getline(in, word, ',');) {
    if (word == "core")
      result.emplace_back();
    else if (word == "read")
      result.insert(result.end(), {"get", "list", "watch"});
    else if (word == "write")
      result.insert(result.end(), {"create", "delete", "deletecollection",
                                   "patch", "update"});
    else
      result.push_back(word);
  }
  std::sort(result.begin(), result.end());
  return result;
}

template <class List>
void fill(List& to, const std::string& list) {
  for (auto& word : words_of(list))
    *to.Add() = word;
}

void name_it(meta::v1::ObjectMeta& meta, const std::string& name,
             const std::string& ns = {}) {
  meta.set_name(name);
  meta.set_namespace_(ns);
  (*meta.mutable_labels())["kubernetes.io/bootstrapping"] = "rbac-defaults";
  (*meta.mutable_annotations())[autoupdate] = "true";
}

Subject subject_of(const std::string& word) {
  Subject result;
  auto name = word.substr(2);
  if (word[0] == 'a') {
    auto slash = name.find('/');
    result.set_kind("ServiceAccount");
    result.set_namespace_(name.substr(0, slash));
    name = name.substr(slash + 1);
  } else {
    result.set_kind(word[0] == 'u' ? "User" : "Group");
    result.set_api_group(rbac_group);
  }
  result.set_name(name);
  return result;
}

/// Makes objects of the lines of a table.
class table_reader {
public:
  void read(std::string_view table) {
    std::istringstream lines{std::string{table}};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream in{line};
      std::vector<std::string> words;
      for (std::string word; in >> word;)
        words.push_back(word);
      if (words.empty())
        continue;
      if (line.front() == ' ')
        read_rule(words);
      else
        read_head(words);
    }
  }

  std::vector<object> take() {
    rbac_objects::by_key cluster_roles;
    for (auto& role : cluster_roles_)
      cluster_roles[role.metadata().name()] = object::of(role);
    std::vector<object> result;
    // Those below are aggregated before those above, as the table has them.
    for (auto& role : cluster_roles_) {
      auto& known = cluster_roles[role.metadata().name()];
      if (auto full = aggregated(known, cluster_roles))
        known = full;
      result.push_back(known);
    }
    for (auto& role : roles_)
      result.push_back(object::of(role));
    for (auto& binding : cluster_bindings_)
      result.push_back(object::of(binding));
    for (auto& binding : bindings_)
      result.push_back(object::of(binding));
    return result;
  }

private:
  void add_cluster_role(const std::string& name, const std::string& label) {
    auto& role = cluster_roles_.emplace_back();
    name_it(*role.mutable_metadata(), name);
    if (!label.empty())
      (*role.mutable_metadata()->mutable_labels())[label_prefix + label] =
          "true";
    to_ = role.mutable_rules();
  }

  void add_sum(const std::vector<std::string>& words) {
    add_cluster_role(words[1], words.size() > 3 ? words[3] : std::string{});
    auto& selector = *cluster_roles_.back()
                          .mutable_aggregation_rule()
                          ->add_cluster_role_selectors();
    (*selector.mutable_match_labels())[label_prefix + words[2]] = "true";
  }

  template <class Binding>
  void fill_binding(Binding& binding, const std::string& kind,
                    const std::string& role, const std::string& subjects) {
    auto& ref = *binding.mutable_role_ref();
    ref.set_api_group(rbac_group);
    ref.set_kind(kind);
    ref.set_name(role);
    for (auto& word : words_of(subjects))
      *binding.add_subjects() = subject_of(word);
  }

  void bind(const std::string& name, const std::string& role,
            const std::string& subjects) {
    auto& binding = cluster_bindings_.emplace_back();
    name_it(*binding.mutable_metadata(), name);
    fill_binding(binding, "ClusterRole", role, subjects);
  }

  void read_head(const std::vector<std::string>& words) {
    auto& what = words[0];
    auto word = [&](size_t i) {
      return i < words.size() ? words[i] : std::string{};
    };
    if (what == "role") {
      add_cluster_role(word(1), word(2));
    } else if (what == "sum") {
      add_sum(words);
    } else if (what == "controller") {
      auto name = "system:controller:" + word(1);
      add_cluster_role(name, {});
      bind(name, name, "a:kube-system/" + word(1));
    } else if (what == "local") {
      auto& role = roles_.emplace_back();
      name_it(*role.mutable_metadata(), word(2), word(1));
      to_ = role.mutable_rules();
    } else if (what == "bind") {
      bind(word(1), word(2), word(3));
    } else {
      auto& binding = bindings_.emplace_back();
      name_it(*binding.mutable_metadata(), word(2), word(1));
      fill_binding(binding, "Role", word(3), word(4));
    }
  }

  void read_rule(const std::vector<std::string>& words) {
    if (words[0] == "events")
      return read_rule({"create,patch,update", "core,events.k8s.io", "events"});
    auto& rule = *to_->Add();
    fill(*rule.mutable_verbs(), words[0]);
    if (words[1] == "@") {
      fill(*rule.mutable_non_resource_urls(), words[2]);
      return;
    }
    fill(*rule.mutable_api_groups(), words[1]);
    fill(*rule.mutable_resources(), words[2]);
    if (words.size() > 3)
      fill(*rule.mutable_resource_names(), words[3]);
  }

  std::vector<ClusterRole> cluster_roles_;
  std::vector<Role> roles_;
  std::vector<ClusterRoleBinding> cluster_bindings_;
  std::vector<RoleBinding> bindings_;
  role_rules* to_ = nullptr; ///< of the role that was begun last
};

bool is_left_alone(const object& stored) {
  auto& notes = stored.meta().annotations();
  auto found = notes.find(autoupdate);
  return found != notes.end() && found->second == "false";
}

/// Takes labels and annotations over that are missing or differ.
template <class Map>
void add_missing(const Map& from, Map& to) {
  for (auto& [key, value] : from)
    to[key] = value;
}

template <class T>
object finish(const object& stored, const object& wanted, T now) {
  auto& meta = *now.mutable_metadata();
  add_missing(wanted.meta().labels(), *meta.mutable_labels());
  add_missing(wanted.meta().annotations(), *meta.mutable_annotations());
  if (canonical_equal(now, stored.as<T>()))
    return {};
  return object::of(now).with_revision(stored.revision());
}

template <class T>
object reconciled_role(const object& stored, const object& wanted) {
  auto now = stored.copy<T>();
  std::vector<const PolicyRule*> has;
  for (auto& rule : stored.as<T>().rules())
    has.push_back(&rule);
  for (auto& rule : wanted.as<T>().rules()) {
    role_rules one;
    *one.Add() = rule;
    if (!not_covered(has, one).empty())
      *now.add_rules() = rule;
  }
  return finish(stored, wanted, std::move(now));
}

template <class T>
object reconciled_binding(const object& stored, const object& wanted) {
  auto now = stored.copy<T>();
  auto& goal = wanted.as<T>();
  if (!canonical_equal(now.role_ref(), goal.role_ref()))
    return wanted;
  auto& has = now.subjects();
  for (auto& subject : goal.subjects())
    if (std::none_of(has.begin(), has.end(),
                     [&](auto& one) { return canonical_equal(one, subject); }))
      *now.add_subjects() = subject;
  return finish(stored, wanted, std::move(now));
}

} // namespace

const std::vector<object>& default_policy() {
  static const auto all = [] {
    table_reader reader;
    reader.read(general_role_table());
    reader.read(user_role_table());
    reader.read(controller_role_table());
    return reader.take();
  }();
  return all;
}

const role_rules& node_rules() {
  static const auto rules = [] {
    for (auto& one : default_policy())
      if (&one.kind() == &kind_of<ClusterRole>() && one.name() == "system:node")
        return one.as<ClusterRole>().rules();
    return role_rules{};
  }();
  return rules;
}

object reconciled(const object& stored, const object& wanted) {
  if (is_left_alone(stored))
    return {};
  auto* kind = &wanted.kind();
  // The rules of these follow from others.
  if (kind == &kind_of<ClusterRole>()
      && wanted.as<ClusterRole>().has_aggregation_rule())
    return {};
  if (kind == &kind_of<ClusterRole>())
    return reconciled_role<ClusterRole>(stored, wanted);
  if (kind == &kind_of<Role>())
    return reconciled_role<Role>(stored, wanted);
  if (kind == &kind_of<ClusterRoleBinding>())
    return reconciled_binding<ClusterRoleBinding>(stored, wanted);
  return reconciled_binding<RoleBinding>(stored, wanted);
}

} // namespace troupe::rules
