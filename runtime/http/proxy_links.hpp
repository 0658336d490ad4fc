#pragma once

#include <string>
#include <string_view>

/// Links in what a proxied server says, so that they lead through the proxy as
/// Kubernetes' proxy has them.
namespace troupe::http {

/// Where a proxied page is, as its client sees it.
struct proxied_place {
  std::string prefix; ///< path of the proxy: "/api/v1/.../pods/x/proxy"
  std::string host;   ///< that the client asked
};

/// Returns a link as it is to be told: an absolute path of the same host gets
/// the prefix. Others stay as they are.
std::string proxied_link(std::string_view link, const proxied_place& at);

/// Returns a page of HTML with its links, by tag and attribute, made so.
std::string proxied_page(std::string_view html, const proxied_place& at);

} // namespace troupe::http
