#pragma once

#include "actors/apiserver/write_job.hpp"

namespace troupe {

/// Who may approve what was asked for and who may sign it, and what of the
/// status is theirs: CertificateApproval and CertificateSigning.
caf::error admit_certificate(write_job& job, google::protobuf::Message& msg,
                             const std::string& subresource);

} // namespace troupe
