#include "runtime/http/number_parameter.hpp"

#include "runtime/text/json_writer.hpp"

#include <charconv>

namespace troupe::http {

expected<std::optional<int64_t>> number_parameter(const target& to,
                                                  std::string_view name) {
  auto& said = to.get(name);
  if (said.empty())
    return std::optional<int64_t>{};
  int64_t value = 0;
  auto* first = said.data() + (said.front() == '+' ? 1 : 0);
  auto* last = said.data() + said.size();
  auto [end, bad] = std::from_chars(first, last, value);
  if (bad == std::errc{} && end == last)
    return std::optional{value};
  std::string why = "strconv.ParseInt: parsing ";
  text::append_json_string(why, said);
  auto large = bad == std::errc::result_out_of_range && end == last;
  return make_error(
      ec::bad_request,
      why + (large ? ": value out of range" : ": invalid syntax"));
}

} // namespace troupe::http
