#pragma once

#include "messages/codec.hpp"
#include "messages/http.pb.h"
#include "runtime/http/api_route.hpp"
#include "runtime/http/http_message.hpp"
#include "runtime/http/negotiation.hpp"
#include "runtime/http/target.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {
class http_edge;
} // namespace troupe::http

namespace troupe::serving_http {

/// One request on its way; each is answered once.
struct exchange {
  uint64_t number = 0;
  pb<http_api::Request> request;
  http::target to;
  http::api_route at;
  std::string verb; ///< Kubernetes'
  http::answer_form form;

  std::string_view header(std::string_view name) const;

  /// All of them, as the pure parts take them.
  std::vector<http::header> headers() const;
};

using exchange_ptr = std::shared_ptr<const exchange>;

/// Answers an exchange of a connection with a Status that says why not.
void refuse(http::http_edge& edge, uint64_t connection, const exchange& x,
            const caf::error& why);

} // namespace troupe::serving_http
