#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/printing/cells.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::core::v1 {
class ResourceRequirements;
} // namespace troupe::core::v1

namespace troupe::printing {

/// The text of a description while it is made: lines with tabs between cells,
/// two blanks of indentation per level.
class description {
public:
  template <class... Ts>
  void line(int level, fmt::format_string<Ts...> format, Ts&&... xs) {
    add(level, fmt::format(format, std::forward<Ts>(xs)...));
  }

  /// Text as it is, not laid out in columns.
  void raw(std::string_view text);

  /// What follows is laid out by itself.
  void flush();

  /// The finished text, without control characters that a terminal obeys.
  std::string str();

private:
  void add(int level, std::string text);

  std::string done_;
  std::string open_;
};

// -- what many kinds have in common -------------------------------------------

/// RFC 1123 in UTC: "Fri, 02 Jan 2026 03:04:05 +0000".
std::string date_text(const meta::v1::Time& when);
std::string date_text(const meta::v1::MicroTime& when);

/// "Name", and "Namespace" where there is one.
void describe_name(description& d, const object& x);

/// Title and `k=v` pairs, one per line.
void describe_labels(description& d, const std::string& title,
                     const string_map& labels, const std::string& indent = "");

/// Without what `apply` keeps there for itself.
void describe_annotations(description& d, const string_map& annotations,
                          const std::string& indent = "");

/// "Controlled By", if there is one.
void describe_controller(description& d, const meta::v1::ObjectMeta& meta);

/// Conditions with status and reason, as workloads show them.
template <class Conditions>
void describe_conditions(description& d, const Conditions& conditions) {
  if (conditions.empty())
    return;
  d.line(0, "Conditions:");
  d.line(1, "Type\tStatus\tReason");
  d.line(1, "----\t------\t------");
  for (const auto& x : conditions)
    d.line(1, "{} \t{}\t{}", x.type(), x.status(), x.reason());
}

/// A table of core/v1 events, the oldest first.
void describe_events(description& d, const std::vector<object>& events,
                     time_point now);

std::string printed_bool(bool value);

} // namespace troupe::printing
