#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/kinds.hpp"
#include "rule_cases.hpp"
#include "runtime/rules/field_labels.hpp"
#include "runtime/rules/requests.hpp"

namespace troupe::rules {

using core::v1::ConfigMap;
using meta::v1::ObjectMeta;

namespace {

using cases = kind_cases<ConfigMap>;
using check_function = std::function<std::vector<field_error>()>;

std::function<void(ConfigMap&)> meta(const char* text) {
  return [text](ConfigMap& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
        text, obj.mutable_metadata()))
        << text;
  };
}

void add_names(cases& any) {
  any.create("name-required-and-fixed", "metadata.name",
             [](ConfigMap& obj) { obj.mutable_metadata()->clear_name(); });
  any.update("name-required-and-fixed", "metadata.name", meta(R"(name: "b")"),
             meta(R"(labels { key: "a" value: "b" })"));
  for (auto* name : {"A", "a_b", "-a", "a-", "a..b", ".a"})
    any.create("name-is-subdomain", "metadata.name", [name](ConfigMap& obj) {
      obj.mutable_metadata()->set_name(name);
    });
  any.create(
      "name-is-subdomain", "metadata.name",
      [](ConfigMap& obj) {
        obj.mutable_metadata()->set_name(std::string(254, 'a'));
      },
      [](ConfigMap& obj) {
        obj.mutable_metadata()->set_name("a.b-c.9" + std::string(240, 'a'));
      });
  any.create("generate-name-fits", "metadata.generateName",
             meta(R"(generate_name: "A-")"), meta(R"(generate_name: "a-")"));
  any.create("namespace-of-the-path", "metadata.namespace", [](ConfigMap& obj) {
    obj.mutable_metadata()->clear_namespace_();
  });
  any.create("namespace-of-the-path", "metadata.namespace",
             meta(R"(namespace: "a.b")"), meta(R"(namespace: "a-b")"));
}

void add_path_names(rule_cases& all) {
  kind_cases<rbac::v1::ClusterRole> roles{all, "*", "*",
                                          R"(metadata { name: "a" })"};
  auto named = [](const char* name) {
    return [name](rbac::v1::ClusterRole& obj) {
      obj.mutable_metadata()->set_name(name);
    };
  };
  for (auto* name : {".", "..", "a/b", "a%b"})
    roles.create("name-is-path-segment", "metadata.name", named(name),
                 named("system:Node Reader"));
  roles.create("namespace-of-the-path", "metadata.namespace",
               [](rbac::v1::ClusterRole& obj) {
                 obj.mutable_metadata()->set_namespace_("a");
               });
}

void add_labels(cases& any) {
  for (auto* key :
       {"", "/a", "a/", "a/b/c", "A.b/c", "a b", "-a", "a.b/c.d.", "a.b/"})
    any.create("label-keys", "metadata.labels", [key](ConfigMap& obj) {
      (*obj.mutable_metadata()->mutable_labels())[key] = "x";
    });
  any.create(
      "label-keys", "metadata.labels",
      [](ConfigMap& obj) {
        (*obj.mutable_metadata()->mutable_labels())[std::string(64, 'a')] = "x";
      },
      meta(R"(labels { key: "a.b/C_d-e.f" value: "x" }
                     labels { key: "Ab" value: "" })"));
  for (auto* value : {"a b", "-a", "a-", "a/b"})
    any.create(
        "label-values", "metadata.labels",
        [value](ConfigMap& obj) {
          (*obj.mutable_metadata()->mutable_labels())["a"] = value;
        },
        meta(R"(labels { key: "a" value: "A_b.c-9" })"));
  any.create("annotations", "metadata.annotations",
             meta(R"(annotations { key: "a b" value: "x" })"),
             meta(R"(annotations { key: "A.b/C" value: "any text" })"));
  any.create("annotations", "metadata.annotations", [](ConfigMap& obj) {
    (*obj.mutable_metadata()->mutable_annotations())["a"] =
        std::string(262144, 'x');
  });
}

void add_owners(cases& any) {
  auto at = "metadata.finalizers[0]";
  any.create("finalizer-names", at, meta(R"(finalizers: "mine")"),
             meta(R"(finalizers: "a.b/c" finalizers: "orphan"
                     finalizers: "kubernetes")"));
  any.create("finalizer-names", at, meta(R"(finalizers: "a b")"));
  any.create("finalizers-while-deleting", "metadata.finalizers",
             meta(R"(finalizers: "orphan"
                     finalizers: "foregroundDeletion")"));
  any.update(
      "finalizers-while-deleting", "metadata.finalizers",
      meta(R"(finalizers: "a.b/d")"),
      [](ConfigMap& obj) { obj.mutable_metadata()->clear_finalizers(); },
      meta(R"(finalizers: "a.b/c" deletion_timestamp { seconds: 1 })"));
  auto owner = R"(owner_references { api_version: "v1" kind: "Pod" name: "a"
                                     uid: "u" controller: true })";
  std::string list = "metadata.ownerReferences";
  auto rule = "owner-references";
  any.create(rule, list + "[0].apiVersion",
             meta(R"(owner_references { kind: "Pod" name: "a" uid: "u" })"),
             meta(owner));
  any.create(rule, list + "[0].kind",
             meta(R"(owner_references { api_version: "v1" name: "a"
                                        uid: "u" })"));
  any.create(rule, list + "[0].name",
             meta(R"(owner_references { api_version: "v1" kind: "Pod"
                                        uid: "u" })"));
  any.create(rule, list + "[0].uid",
             meta(R"(owner_references { api_version: "v1" kind: "Pod"
                                        name: "a" })"));
  any.create(rule, list + "[0]",
             meta(R"(owner_references { api_version: "v1" kind: "Event"
                                        name: "a" uid: "u" })"));
  any.create(rule, list, [owner](ConfigMap& obj) {
    meta(owner)(obj);
    meta(owner)(obj);
  });
}

// What an update says of the stored object's resourceVersion and uid.
check_function precondition(const char* text) {
  return [text] {
    auto old = from_text<ConfigMap>(R"(metadata { name: "a" uid: "u" })");
    auto obj = from_text<ConfigMap>(std::string{"metadata { "} + text + " }");
    auto err = check_preconditions(obj, old, "7");
    EXPECT_TRUE(!err || is(err, ec::conflict));
    return as_findings(err);
  };
}

void add_server_fields(cases& any) {
  any.create("resource-version", "metadata.resourceVersion",
             meta(R"(resource_version: "1")"));
  any.call("resource-version", "", precondition(R"(resource_version: "6")"),
           precondition(R"(resource_version: "7")"));
  any.call("uid", "", precondition(R"(uid: "v")"), precondition(R"(uid: "u")"));
  any.update(
      "uid", "metadata.uid", meta(R"(uid: "v")"), [](ConfigMap&) {},
      meta(R"(uid: "u")"));
  any.update(
      "creation-timestamp", "metadata.creationTimestamp",
      meta("creation_timestamp { seconds: 9 }"),
      [](ConfigMap& obj) {
        obj.mutable_metadata()->clear_creation_timestamp();
      },
      meta("creation_timestamp { seconds: 5 }"));
  any.update("deletion-timestamp", "metadata.deletionTimestamp",
             meta("deletion_timestamp { seconds: 9 }"));
  any.update(
      "deletion-grace-period", "metadata.deletionGracePeriodSeconds",
      meta("deletion_grace_period_seconds: 9"),
      [](ConfigMap& obj) {
        obj.mutable_metadata()->clear_deletion_grace_period_seconds();
      },
      meta("deletion_timestamp { seconds: 1 } "
           "deletion_grace_period_seconds: 30"));
  any.create("generation", "metadata.generation", meta("generation: -1"),
             meta("generation: 1"));
  std::string at = "metadata.managedFields[0]";
  any.create("managed-fields", at + ".operation",
             meta(R"(managed_fields { operation: "Delete" })"),
             meta(R"(managed_fields { operation: "Apply" manager: "kubectl"
                                      fields_type: "FieldsV1" })"));
  any.create("managed-fields", at + ".fieldsType",
             meta(R"(managed_fields { operation: "Update"
                                      fields_type: "FieldsV2" })"));
  any.create("managed-fields", at + ".manager", [](ConfigMap& obj) {
    auto* entry = obj.mutable_metadata()->add_managed_fields();
    entry->set_operation("Update");
    entry->set_manager(std::string(129, 'a'));
  });
}

check_function typed(const char* version, const char* kind) {
  return [version, kind] {
    return as_findings(check_type(kind_of<ConfigMap>(), version, kind));
  };
}

check_function placed(const char* ns, const char* name) {
  return [ns, name] {
    ObjectMeta meta;
    meta.set_namespace_(ns);
    meta.set_name(name);
    return as_findings(check_place(meta, kind_of<ConfigMap>(), "web", "a"));
  };
}

void add_paths(cases& any) {
  any.call("api-version-of-the-path", "", typed("apps/v1", "ConfigMap"),
           typed("v1", ""));
  any.call("kind-of-the-path", "", typed("v1", "Pod"), typed("", "ConfigMap"));
  any.call("namespace-of-the-path", "", placed("other", "a"), placed("", ""));
  any.call("name-required-and-fixed", "", placed("web", "b"),
           placed("web", "a"));
}

// Status and the rest are written apart: what the wrong one says is not
// refused but ignored.
void add_status(rule_cases& all) {
  auto run = [](bool main) {
    auto old = from_text<apps::v1::ReplicaSet>(
        "spec { replicas: 1 } status { replicas: 1 }");
    auto obj = from_text<apps::v1::ReplicaSet>(
        "spec { replicas: 2 } status { replicas: 2 }");
    if (main)
      prepare_for_update(obj, old);
    else
      prepare_for_status_update(obj, old);
    return std::pair{obj.spec().replicas(), obj.status().replicas()};
  };
  auto told = [](std::pair<int, int> have, std::pair<int, int> wished) {
    std::vector<field_error> result;
    if (have != wished)
      result.push_back({"", "status", "written by the wrong path"});
    return result;
  };
  all.push_back({"*", "*", "status-apart", "status",
                 [=] {
                   return told(run(true), {2, 1});
                 },
                 [=] {
                   return told(run(true), {2, 2});
                 }});
  all.push_back({"*", "*", "status-apart", "status",
                 [=] {
                   return told(run(false), {1, 2});
                 },
                 [=] {
                   return told(run(false), {2, 2});
                 }});
}

void add_selectors(rule_cases& all) {
  kind_cases<apps::v1::ReplicaSet> sets{all, "*", "*", R"(
    metadata { name: "a" namespace: "b" }
    spec { selector { match_labels { key: "a" value: "b" } }
           template { metadata { labels { key: "a" value: "b" } }
                      spec { containers { name: "c" image: "d" } } } })"};
  auto expression = [](const char* text) {
    return [text](apps::v1::ReplicaSet& obj) {
      EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
          text,
          obj.mutable_spec()->mutable_selector()->add_match_expressions()));
    };
  };
  std::string at = "spec.selector.matchExpressions[0]";
  sets.create("label-selector", at + ".values",
              expression(R"(key: "a" operator: "In")"),
              expression(R"(key: "a" operator: "In" values: "b")"));
  sets.create("label-selector", at + ".values",
              expression(R"(key: "a" operator: "Exists" values: "b")"),
              expression(R"(key: "x" operator: "DoesNotExist")"));
  sets.create("label-selector", at + ".operator",
              expression(R"(key: "a" operator: "Like")"));
  sets.create("label-selector", at + ".key",
              expression(R"(key: "a b" operator: "Exists")"));
}

check_function listed(const char* text) {
  return [text] {
    return validate_list_options(from_text<meta::v1::ListOptions>(text));
  };
}

check_function deleted(const char* text) {
  return [text] {
    return validate_delete_options(from_text<meta::v1::DeleteOptions>(text));
  };
}

check_function written(write_parameters given) {
  return [given] { return validate_write_parameters(given); };
}

check_function selected(const char* kind, const char* field) {
  return [kind, field] {
    auto err = check_field_label(*find_kind("v1", kind), field);
    EXPECT_TRUE(!err || is(err, ec::bad_request));
    return as_findings(err);
  };
}

void add_requests(cases& any) {
  any.call("list-numbers", "limit", listed("limit: -1"), listed("limit: 5"));
  any.call("list-numbers", "timeoutSeconds", listed("timeout_seconds: -1"),
           listed("timeout_seconds: 1"));
  any.call("list-numbers", "resourceVersionMatch",
           listed(R"(resource_version_match: "Newest"
                     resource_version: "5")"),
           listed(R"(resource_version_match: "Exact"
                     resource_version: "5")"));
  any.call("list-numbers", "resourceVersionMatch",
           listed("watch: true send_initial_events: true"),
           listed(R"(watch: true send_initial_events: true
                     resource_version_match: "NotOlderThan")"));
  any.call("list-numbers", "sendInitialEvents",
           listed("send_initial_events: false"), listed("watch: true"));
  any.call("write-parameters", "dryRun", written({{"Some"}, "", "", false}),
           written({{"All"}, "me", "Strict", false}));
  any.call("write-parameters", "fieldValidation",
           written({{}, "", "Always", false}), written({{}, "", "", false}));
  any.call("write-parameters", "fieldManager",
           written({{}, std::string(129, 'a'), "", false}),
           written({{}, std::string(128, 'a'), "", false}));
  any.call("write-parameters", "fieldManager", written({{}, "", "", true}),
           written({{}, "me", "", true}));
  any.call("write-parameters", "fieldManager", written({{}, "a\nb", "", false}),
           written({{}, "a b", "", false}));
  any.call("field-selectors", "", selected("ConfigMap", "data.a"),
           selected("ConfigMap", "metadata.name"));
  any.call("field-selectors", "", selected("Pod", "spec.image"),
           selected("Pod", "spec.nodeName"));
  any.call("field-selectors", "", selected("Node", "metadata.namespace"),
           selected("Event", "involvedObject.uid"));
  any.call("delete-options", "propagationPolicy",
           deleted(R"(propagation_policy: "Later")"),
           deleted(R"(propagation_policy: "Orphan")"));
  any.call("delete-options", "propagationPolicy",
           deleted(R"(propagation_policy: "Orphan"
                      orphan_dependents: true)"),
           deleted("orphan_dependents: true"));
  any.call("delete-options", "gracePeriodSeconds",
           deleted("grace_period_seconds: -1"),
           deleted("grace_period_seconds: 0"));
}

} // namespace

void add_general_cases(rule_cases& all) {
  cases any{all, "*", "*", R"(metadata { name: "a" namespace: "web" })"};
  add_names(any);
  add_path_names(all);
  add_labels(any);
  add_owners(any);
  add_server_fields(any);
  add_paths(any);
  add_status(all);
  add_selectors(all);
  add_requests(any);
}

} // namespace troupe::rules
