#pragma once

#include "messages/errors.hpp"
#include "messages/object.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/json_scanner.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe {
struct field_info;
struct json_member;
struct message_info;
} // namespace troupe

namespace troupe::text {

class source_map;

/// Makes an object of what was read. Fails with BadRequest where its
/// resourceVersion is no number: an object has no room for another, and the
/// write that insists on it would not.
expected<object> object_of(std::unique_ptr<google::protobuf::Message> msg);

/// Reads JSON into a message along the message's table, in one pass and
/// without a tree in between.
class message_reader {
public:
  /// Where the text came from, for errors.
  struct origin {
    const source_map* places = nullptr; ///< null: nobody knows lines
    size_t offset = 0;                  ///< of the text in what `places` knows
  };

  message_reader(std::string_view text, const read_options& options,
                 std::vector<std::string>* findings, origin from);

  /// Reads the whole text. May be called once.
  caf::error read(google::protobuf::Message& msg);

private:
  using Message = google::protobuf::Message;

  struct segment {
    std::string_view key; ///< of a field or a map; no key: `index` counts
    int index = 0;
    bool in_map = false;
  };

  /// Adds a segment to the path for the time of a scope.
  struct step {
    step(message_reader& owner, segment where) : reader(owner) {
      reader.path_.push_back(where);
    }
    ~step() { reader.path_.pop_back(); }
    step(const step&) = delete;
    step& operator=(const step&) = delete;

    message_reader& reader;
  };

  bool read_message(Message& msg, const message_info& info, int level);
  bool read_fields(Message& msg, const message_info& info, int level);
  bool read_member(Message& msg, const json_member& member, int level);
  bool read_field(Message& msg, const field_info& field, int level);
  bool read_list(Message& msg, const field_info& field, int level);
  bool read_map(Message& msg, const field_info& field, int level);
  bool read_scalar(Message& msg, const field_info& field);
  bool read_element(Message& msg, const field_info& field, int level);
  bool read_entry(Message& entry, const field_info& field, int level);
  bool read_unknown(const std::string& key, const Message& msg, int level);

  bool read_quantity(Message& msg);
  bool read_time(Message& msg, bool micro);
  bool read_duration(Message& msg);
  bool read_int_or_string(Message& msg);
  bool read_raw(Message& msg);
  bool read_strings(Message& msg, int number);
  bool read_schema_or(Message& msg, const message_info& info, int level);

  bool take_null();
  bool take_string(std::string& out, std::string_view wanted = "string");
  bool take_integer(int64_t& out, int64_t low, int64_t high);
  bool take_double(double& out);
  bool take_boolean(bool& out);
  bool take_bytes(std::string& out);

  /// Fails because something else than `wanted` stands here.
  bool mismatch(std::string_view wanted);
  bool refuse(std::string why);
  void note(std::string_view what, std::string_view key);
  std::string path() const;
  caf::error error() const;

  json_scanner in_;
  const read_options& options_;
  std::vector<std::string>* findings_;
  origin from_;
  std::vector<segment> path_;
  std::string refusal_;
  size_t value_at_ = 0;
  std::string scratch_;
};

} // namespace troupe::text
