#pragma once

#include "runtime/text/json_scanner.hpp"
#include "runtime/text/wire_fields.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {
struct field_info;
struct message_info;
} // namespace troupe

namespace troupe::text {

/// Writes the bytes of a message as JSON along the message's table, without
/// parsing the message. Bytes that are no message write what is readable.
class message_writer {
public:
  /// `revision` is shown as the top object's resourceVersion; 0 for none.
  message_writer(std::string& out, uint64_t revision)
      : out_(out), revision_(revision) {
    // nop
  }

  /// Writes an object with its type in front, where that is not empty.
  void write_top(const message_info& info, std::string_view bytes,
                 std::string_view kind, std::string_view api_version);

private:
  using fields = std::span<const wire_field>;

  /// Writes the members in braces or, for inlined messages, without.
  void write_members(const message_info& info, std::string_view bytes);
  void write_member(const field_info& field, fields found);
  void write_message(const message_info& info, std::string_view bytes);
  void write_absent(const field_info& field);
  void write_present(const field_info& field, fields found);
  void write_list(const field_info& field, fields found);
  void write_map(const field_info& field, fields found);
  void write_value(const field_info& field, const wire_field& value);
  void write_quantity(std::string_view text);
  void write_time(fields found, bool micro);
  void write_raw(std::string_view raw);
  void write_strings(fields found);
  void write_schema_or(const message_info& info, fields found);
  void write_form(const message_info& info, fields found);

  void key(std::string_view name);

  std::string& out_;
  uint64_t revision_;
  bool first_ = true;
  bool in_top_metadata_ = false;
  int depth_ = 0;
  // The fields of the messages being written, the innermost last.
  std::vector<wire_field> stack_;
};

} // namespace troupe::text
