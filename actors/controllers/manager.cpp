#include "actors/controllers/manager.hpp"

#include "actors/controllers/bootstrap_signer.hpp"
#include "actors/controllers/certificate.hpp"
#include "actors/controllers/clusterrole_aggregation.hpp"
#include "actors/controllers/deployment.hpp"
#include "actors/controllers/disruption.hpp"
#include "actors/controllers/endpoints.hpp"
#include "actors/controllers/endpointslice.hpp"
#include "actors/controllers/garbage_collector.hpp"
#include "actors/controllers/namespace.hpp"
#include "actors/controllers/node.hpp"
#include "actors/controllers/pod_gc.hpp"
#include "actors/controllers/replicaset.hpp"
#include "actors/controllers/replication.hpp"
#include "actors/controllers/resourcequota.hpp"
#include "actors/controllers/service_account.hpp"
#include "actors/controllers/token_cleaner.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

template <class Controller>
child_spec child(std::string name, Controller run) {
  return {std::move(name), [run](caf::actor_system& sys, const context& ctx) {
            return caf::actor_cast<caf::actor>(sys.spawn(run, ctx));
          }};
}

} // namespace

child_spec controllers_branch() {
  return branch(
      "controllers", {},
      {child("namespace", namespace_controller),
       child("service_account", service_account),
       child("node", node_controller), child("deployment", deployment),
       child("replicaset", replicaset), child("replication", replication),
       child("disruption", disruption), child("endpoints", endpoints),
       child("endpointslice", endpointslice),
       child("garbage_collector", garbage_collector), child("pod_gc", pod_gc),
       child("certificate", certificate_controller),
       child("token_cleaner", token_cleaner),
       child("resourcequota", resourcequota),
       child("bootstrap_signer", bootstrap_signer),
       child("clusterrole_aggregation", clusterrole_aggregation)});
}

} // namespace troupe
