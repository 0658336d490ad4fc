#include "runtime/text/selector.hpp"
#include "tests/fuzz/targets.hpp"

#include <map>

namespace troupe::fuzz {

void selector(std::string_view bytes) {
  const std::map<std::string, std::string> labels{{"a", "b"}, {"c", "1"}};
  if (auto read = text::label_selector::parse(bytes)) {
    auto again = text::label_selector::parse(read->str());
    demand(static_cast<bool>(again), "a selector that was printed can be read");
    demand(again->str() == read->str(), "it says the same");
    demand(again->matches(labels) == read->matches(labels),
           "it selects the same");
  }
  if (auto read = text::field_selector::parse(bytes)) {
    auto again = text::field_selector::parse(read->str());
    demand(static_cast<bool>(again), "a selector that was printed can be read");
    demand(again->str() == read->str(), "it says the same");
  }
}

} // namespace troupe::fuzz
