#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How the state lies in LevelDB: see README.md for the format on one page.
/// Integers in keys are big-endian, so that key order is numeric order.
namespace troupe::store {

/// A place in history: a revision and the change's number within it.
struct position {
  uint64_t revision = 0;
  uint32_t sub = 0;

  friend bool operator==(const position& a, const position& b) {
    return a.revision == b.revision && a.sub == b.sub;
  }
  friend bool operator<(const position& a, const position& b) {
    return a.revision != b.revision ? a.revision < b.revision : a.sub < b.sub;
  }
};

/// What is current of a key, its value excepted: that is in history at `at`.
struct key_meta {
  position at;
  uint64_t create_revision = 0;
  uint64_t version = 0;
  uint64_t lease = 0;
};

/// One change of one key. For a deletion, `create_revision`, `version` and
/// `lease` are 0 and `value` is empty.
struct change {
  bool deleted = false;
  uint64_t create_revision = 0;
  uint64_t version = 0;
  uint64_t lease = 0;
  position previous; ///< the change before it, revision 0 if the key was absent
  std::string_view key;
  std::string_view value;
};

/// A lease as stored.
struct lease_record {
  uint64_t id = 0;
  uint64_t ttl_seconds = 0;
  uint64_t remaining_seconds = 0; ///< at the last checkpoint
};

// Keys.
std::string current_key(std::string_view key);
std::string history_key(position at);
std::string version_key(std::string_view key, position at);
std::string lease_key(uint64_t lease);
std::string attached_key(uint64_t lease, std::string_view key);

/// Prefix of all versions of a key.
std::string version_prefix(std::string_view key);
/// Prefix of all keys of a lease.
std::string attached_prefix(uint64_t lease);

inline constexpr std::string_view applied_key = "m/applied";
inline constexpr std::string_view term_key = "m/term";
inline constexpr std::string_view revision_key = "m/rev";
inline constexpr std::string_view compacted_key = "m/compact";
inline constexpr std::string_view scrubbed_key = "m/scrubbed";
inline constexpr std::string_view hash_key = "m/hash";
inline constexpr std::string_view members_key = "m/members";
inline constexpr std::string_view last_member_key = "m/last-member";
inline constexpr std::string_view alarms_key = "m/alarms";
inline constexpr std::string_view stopped_key = "m/stopped";
inline constexpr std::string_view format_key = "m/version";

/// The format that this program writes and reads.
inline constexpr uint64_t format_version = 1;

// Readers of keys; nothing for bytes that no writer above has made.
std::optional<position> read_history_key(std::string_view raw);
struct version_entry {
  std::string key;
  position at;
};
std::optional<version_entry> read_version_key(std::string_view raw);

// Values.
std::string encode(const key_meta& meta);
std::string encode(const change& what);
std::string encode(const lease_record& lease); ///< without the id
std::string encode_number(uint64_t number);
std::optional<key_meta> decode_meta(std::string_view raw);
/// The views of the result point into `raw`.
std::optional<change> decode_change(std::string_view raw);
std::optional<lease_record> decode_lease(uint64_t id, std::string_view raw);
std::optional<uint64_t> decode_number(std::string_view raw);

// Pieces that the log's format shares.
void append_fixed32(std::string& out, uint32_t number); ///< big-endian
void append_fixed64(std::string& out, uint64_t number); ///< big-endian
void append_varint(std::string& out, uint64_t number);
bool take_fixed32(std::string_view& in, uint32_t& number);
bool take_fixed64(std::string_view& in, uint64_t& number);
bool take_varint(std::string_view& in, uint64_t& number);

} // namespace troupe::store
