#include "runtime/dns/resolv_conf.hpp"

#include <iterator>
#include <sstream>

namespace troupe::dns {

resolv_conf parse_resolv_conf(std::string_view text) {
  resolv_conf out;
  std::istringstream lines{std::string{text}};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words{line.substr(0, line.find_first_of("#;"))};
    std::string first;
    words >> first;
    std::vector<std::string> rest{std::istream_iterator<std::string>{words},
                                  std::istream_iterator<std::string>{}};
    if (first == "nameserver" && !rest.empty()) {
      out.servers.push_back(rest.front());
    } else if (first == "search" || (first == "domain" && !rest.empty())) {
      if (first == "domain")
        rest.resize(1);
      out.searches = std::move(rest);
    } else if (first == "options") {
      out.options.insert(out.options.end(), rest.begin(), rest.end());
    }
  }
  return out;
}

} // namespace troupe::dns
