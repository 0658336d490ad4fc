#include "runtime/rules/counts.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/rules/formats.hpp"

#include <charconv>

namespace troupe::rules {

using meta::v1::IntOrString;

namespace {

// Nothing when it is no percentage; digits beyond measure count as very many.
int64_t percent(const IntOrString& value) {
  auto& text = value.str_val();
  if (value.type() == 0 || !is_percentage(text))
    return -1;
  int64_t result = 0;
  auto [end, err] =
      std::from_chars(text.data(), text.data() + text.size() - 1, result);
  return err == std::errc{} ? result : INT64_MAX;
}

} // namespace

void require_count(int64_t value, const field_path& at, findings& out) {
  if (value < 0)
    out.invalid(at, value, "must be greater than or equal to 0");
}

void require_share(const IntOrString& value, const field_path& at,
                   findings& out) {
  if (value.type() == 0)
    require_count(value.int_val(), at, out);
  else if (!is_percentage(value.str_val()))
    out.invalid(at, value.str_val(),
                "a valid percent string must be a numeric string followed by "
                "an ending '%' (e.g. '1%',  or '93%', regex used for "
                "validation is '[0-9]+%')");
}

void require_at_most_all(const IntOrString& value, const field_path& at,
                         findings& out) {
  if (percent(value) > 100)
    out.invalid(at, value.str_val(), "must not be greater than 100%");
}

bool is_none(const IntOrString& value) {
  return value.type() == 0 ? value.int_val() == 0 : percent(value) == 0;
}

shown share_text(const IntOrString& value) {
  if (value.type() == 0)
    return value.int_val();
  return value.str_val();
}

} // namespace troupe::rules
