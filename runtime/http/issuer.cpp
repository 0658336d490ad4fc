#include "runtime/http/issuer.hpp"

#include <nlohmann/json.hpp>

namespace troupe::http {

std::string issuer_document(std::string_view issuer, std::string_view keys,
                            const std::vector<std::string>& algorithms) {
  using texts = std::vector<std::string>;
  nlohmann::ordered_json result{
      {"issuer", issuer},
      {"jwks_uri", keys},
      {"response_types_supported", texts{"id_token"}},
      {"subject_types_supported", texts{"public"}},
      {"id_token_signing_alg_values_supported", algorithms}};
  return result.dump();
}

} // namespace troupe::http
