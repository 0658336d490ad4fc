#pragma once

#include "runtime/text/text_sink.hpp"
#include "runtime/text/wire_fields.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {
struct message_info;
} // namespace troupe

namespace troupe::text {

struct json_plan;
struct json_plan_field;

/// Writes the bytes of messages as JSON along each message's plan, without
/// parsing the messages. Bytes that are no message write what is readable.
///
/// What was written stands in `out` once the writer is gone; until then it is
/// the writer's alone.
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

  /// Writes one object after the other, with commas between them.
  void write_item(const message_info& info, std::string_view bytes,
                  uint64_t revision);

private:
  /// Places of the fields that are looked at, in `stack_`.
  struct span {
    size_t begin;
    size_t end;
  };
  enum class level : uint8_t { top, top_metadata, below };

  /// Writes the members in braces or, for inlined messages, without.
  void write_members(const json_plan& plan, std::string_view bytes, level at);
  void write_absent(const json_plan_field& field, level at);
  void write_present(const json_plan_field& field, span found, level at);
  void write_object(const json_plan& plan, std::string_view bytes, level at);
  void write_message(const json_plan& plan, std::string_view bytes);
  void write_list(const json_plan_field& field, span found);
  void write_pack(const json_plan_field& field, std::string_view pack,
                  bool& first);
  void write_map(const json_plan_field& field, span found);
  void write_value(const json_plan_field& field, const wire_field& value);

  // What is no object of its fields.
  void write_form(const json_plan& plan, span found);
  void write_time(span found, bool micro);
  void write_raw(std::string_view raw);
  void write_strings(span found);
  void write_schema_or(const json_plan& plan, span found);

  span having(span among, uint32_t number) const;
  /// A field that should be there once counts in its last form.
  const wire_field* last_of(span among, uint32_t number) const;
  int64_t number_of(span among, uint32_t number) const;
  std::string_view data_of(span among, uint32_t number) const;

  void key(std::string_view text);
  void put_text(std::string_view text);

  text_sink out_;
  uint64_t revision_;
  bool first_ = true;
  bool first_item_ = true;
  // The fields of the messages being written, the innermost last.
  std::vector<wire_field> stack_;
};

} // namespace troupe::text
