#include "messages/codec_parts.hpp"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/kubelet_interface.hpp"

namespace troupe {

void register_kubelet_types(caf::actor_system_config& cfg) {
  add_messages<
      kubelet_api::Address, kubelet_api::Attend, kubelet_api::CheckAddress,
      kubelet_api::Finished, kubelet_api::Gone, kubelet_api::Leave,
      kubelet_api::PodAttach, kubelet_api::PodExec, kubelet_api::PodLogs,
      kubelet_api::ProbeContainer, kubelet_api::References,
      kubelet_api::ReferencesChanged, kubelet_api::Remark, kubelet_api::Report,
      kubelet_api::StopProbing, kubelet_api::Verdict, kubelet_api::WantAddress,
      kubelet_api::WantReferences>(cfg);
}

} // namespace troupe
