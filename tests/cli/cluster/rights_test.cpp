#include "tests/support/command_cluster.hpp"

namespace troupe::test {

TEST_F(Commands, CreateRolesAndBindings) {
  expect({
      {"create role reader --verb=get,list --resource=pods,pods/log,deploy",
       0,
       {"role.rbac.authorization.k8s.io/reader created"},
       {}},
      {"get role reader -o 'jsonpath={.rules}'",
       0,
       {R"([{"apiGroups":[""],"resources":["pods","pods/log"],)"
        R"("verbs":["get","list"]},{"apiGroups":["apps"],)"
        R"("resources":["deployments"],"verbs":["get","list"]}])"},
       {}},
      {"create role one --verb=update --resource=configmaps "
       "--resource-name=site",
       0,
       {"role.rbac.authorization.k8s.io/one created"},
       {}},
      {"create role none --verb=get", 2, {}, {"at least one resource"}},
      {"create role none --resource=pods", 2, {}, {"at least one verb"}},
      {"create role none --verb=get --resource=pods,services "
       "--resource-name=a",
       2,
       {},
       {"resource name(s) can not be applied to multiple resources"}},
      {"create role odd --verb=juggle --resource=pods",
       0,
       {"created"},
       {"Warning: 'juggle' is not a standard resource verb"}},
      {"create clusterrole $NS-metrics --verb=get --non-resource-url=/metrics",
       0,
       {"clusterrole.rbac.authorization.k8s.io/$NS-metrics created"},
       {}},
      {"create clusterrole $NS-sum --aggregation-rule=$NS/part=true",
       0,
       {"clusterrole.rbac.authorization.k8s.io/$NS-sum created"},
       {}},
      {"create rolebinding readers --role=reader --user=jane --group=ops "
       "--serviceaccount=shop:site",
       0,
       {"rolebinding.rbac.authorization.k8s.io/readers created"},
       {}},
      {"get rolebinding readers -o wide",
       0,
       {"Role/reader", "jane", "ops", "shop/site"},
       {}},
      {"create rolebinding none --role=a --clusterrole=b",
       2,
       {},
       {"exactly one of clusterrole or role must be specified"}},
      {"create rolebinding none --role=a --serviceaccount=site",
       2,
       {},
       {"serviceaccount must be <namespace>:<name>"}},
      {"create clusterrolebinding $NS-ops --clusterrole=view --group=ops",
       0,
       {"clusterrolebinding.rbac.authorization.k8s.io/$NS-ops created"},
       {}},
      {"describe rolebinding readers",
       0,
       {"Role:\nKind: Role\nName: reader\n", "ServiceAccount site"},
       {}},
      {"describe clusterrole view",
       0,
       {"Labels: kubernetes.io/bootstrapping=rbac-defaults",
        "PolicyRule:\nResources"},
       {}},
      {"delete clusterrole $NS-metrics $NS-sum", 0, {"deleted"}, {}},
      {"delete clusterrolebinding $NS-ops", 0, {"deleted"}, {}},
  });
}

TEST_F(Commands, TellWhatOneMayDo) {
  expect({
      {"auth can-i create pods", 0, {"yes\n"}, {}},
      {"auth can-i get pods/a --subresource=log", 0, {"yes\n"}, {}},
      {"auth can-i get /metrics", 0, {"yes\n"}, {}},
      {"auth can-i delete nodes",
       0,
       {"yes\n"},
       {"Warning: resource 'nodes' is not namespace scoped"}},
      {"auth can-i fly carpets",
       0,
       {"yes\n"},
       {"Warning: the server doesn't have a resource type 'carpets'"}},
      {"auth can-i create pods -q", 0, {}, {}},
      {"auth can-i --list",
       0,
       {"Resources", "Non-Resource URLs", "*.*", "[*]"},
       {}},
      {"auth can-i", 2, {}, {"you must specify two arguments"}},
      {"auth whoami", 0, {"kubernetes-admin", "system:masters"}, {}},
  });
}

} // namespace troupe::test
