#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

/// What is told of the issuer of tokens, as OpenID Connect Discovery 1.0 spells
/// it: where its public keys are, and by which algorithms they sign.
std::string issuer_document(std::string_view issuer, std::string_view keys,
                            const std::vector<std::string>& algorithms);

} // namespace troupe::http
