#include "runtime/system/member_address.hpp"

namespace troupe {

std::string member_address_of(std::string_view server, std::string_view place) {
  return std::string{server} + "/store@" + std::string{place};
}

std::string member_server(std::string_view address) {
  return std::string{address.substr(0, address.find('/'))};
}

std::string_view member_store(std::string_view address) {
  return address.substr(0, address.find('@'));
}

std::string member_place(std::string_view address) {
  auto sign = address.find('@');
  return sign == std::string_view::npos ? std::string{}
                                        : std::string{address.substr(sign + 1)};
}

} // namespace troupe
