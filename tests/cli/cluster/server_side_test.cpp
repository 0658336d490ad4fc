#include "tests/support/command_cluster.hpp"

namespace troupe::test {

TEST_F(Commands, ApplyOnTheServerNotesWhoOwnsWhat) {
  write("one.yaml", "apiVersion: v1\nkind: ConfigMap\n"
                    "metadata: {name: owned}\ndata: {a: '1', b: '2'}\n");
  write("two.yaml", "apiVersion: v1\nkind: ConfigMap\n"
                    "metadata: {name: owned}\ndata: {a: '9'}\n");
  expect({
      {"apply --server-side -f $DIR/one.yaml --dry-run=server",
       0,
       {"configmap/owned serverside-applied (server dry run)"},
       {}},
      {"get configmap owned", 1, {}, {"not found"}},
      {"apply --server-side -f $DIR/one.yaml",
       0,
       {"configmap/owned serverside-applied\n"},
       {}},
      {"get configmap owned -o "
       "'jsonpath={.metadata.managedFields[*].manager}'",
       0,
       {"kubectl"},
       {}},
      {"apply --server-side -f $DIR/two.yaml --field-manager=other",
       1,
       {},
       {"Apply failed with 1 conflict: conflict with \"kubectl\": .data.a"}},
      {"apply --server-side -f $DIR/two.yaml --field-manager=other "
       "--force-conflicts",
       0,
       {"serverside-applied"},
       {}},
      {"get configmap owned -o 'jsonpath={.data}'",
       0,
       {R"({"a":"9","b":"2"})"},
       {}},
      {"get configmap owned -o yaml", 0, {"a: \"9\""}, {}},
      {"get configmap owned -o yaml --show-managed-fields",
       0,
       {"manager: other"},
       {}},
  });
}

TEST_F(Commands, ApplyOnTheServerTakesOverWhatItAppliedBefore) {
  write("one.yaml", "apiVersion: v1\nkind: ConfigMap\n"
                    "metadata: {name: moved}\ndata: {a: '1', b: '2'}\n");
  write("two.yaml", "apiVersion: v1\nkind: ConfigMap\n"
                    "metadata: {name: moved}\ndata: {a: '9'}\n");
  expect({
      {"apply -f $DIR/one.yaml", 0, {"configmap/moved created"}, {}},
      {"apply --server-side -f $DIR/two.yaml",
       0,
       {"configmap/moved serverside-applied"},
       {}},
      {"get configmap moved -o 'jsonpath={.data}'", 0, {R"({"a":"9"})"}, {}},
  });
}

} // namespace troupe::test
