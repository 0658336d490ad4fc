#pragma once

#include "runtime/dns/name.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What is said over DNS: RFC 1035, with the extensions of RFC 6891.
namespace troupe::dns {

/// Types of records that somebody here speaks of.
namespace type {
constexpr uint16_t a = 1;
constexpr uint16_t ns = 2;
constexpr uint16_t cname = 5;
constexpr uint16_t soa = 6;
constexpr uint16_t ptr = 12;
constexpr uint16_t mx = 15;
constexpr uint16_t txt = 16;
constexpr uint16_t aaaa = 28;
constexpr uint16_t srv = 33;
constexpr uint16_t opt = 41;
constexpr uint16_t ixfr = 251;
constexpr uint16_t axfr = 252;
constexpr uint16_t any = 255;
} // namespace type

constexpr uint16_t class_in = 1;
constexpr uint8_t opcode_query = 0;

/// How a question came out: RFC 1035, section 4.1.1, and RFC 6891, section 9.
namespace code {
constexpr uint16_t no_error = 0;
constexpr uint16_t form_error = 1;
constexpr uint16_t server_failure = 2;
constexpr uint16_t name_error = 3;
constexpr uint16_t not_implemented = 4;
constexpr uint16_t refused = 5;
constexpr uint16_t bad_version = 16;
} // namespace code

struct question {
  name owner;
  uint16_t type = 0;
  uint16_t klass = class_in;
};

struct record {
  name owner;
  uint16_t type = 0;
  uint16_t klass = class_in;
  uint32_t ttl = 0; ///< seconds
  std::string data; ///< as over the wire; names in it are not compressed

  bool operator==(const record&) const = default;
};

/// What the OPT record says: RFC 6891. Options are not kept.
struct extension {
  uint16_t size = 0; ///< largest datagram that the sender takes
  uint8_t version = 0;
  bool dnssec_ok = false;
};

struct message {
  uint16_t id = 0;
  bool response = false;
  uint8_t opcode = opcode_query;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  bool authentic_data = false;
  bool checking_disabled = false;
  uint16_t code = code::no_error; ///< above 15 only with an extension
  std::vector<question> questions;
  std::vector<record> answers;
  std::vector<record> authorities;
  std::vector<record> additionals; ///< without OPT
  std::optional<extension> extended;
};

/// The smallest message, and what every datagram may have without saying so.
constexpr size_t header_size = 12;
constexpr size_t plain_size = 512;
constexpr size_t largest_message = 65535;

/// Reads the header alone: counts and records stay empty. None for what is too
/// short.
std::optional<message> parse_header(std::string_view packet);

/// Reads a whole message; none for what is none. Bytes behind its end are
/// ignored.
std::optional<message> parse(std::string_view packet);

/// Writes a message of at most `limit` bytes, names compressed. Additional
/// records that do not fit are left out; where others do not, the rest is and
/// the message is marked as truncated.
std::string encode(const message& what, size_t limit = largest_message);

// -- data of records ----------------------------------------------------------

std::string srv_data(uint16_t priority, uint16_t weight, uint16_t port,
                     const name& target);

/// Of one text of at most 255 bytes.
std::string txt_data(std::string_view text);

struct soa_fields {
  name server;
  name mailbox;
  uint32_t serial = 0;
  uint32_t refresh = 0;
  uint32_t retry = 0;
  uint32_t expire = 0;
  uint32_t minimum = 0;
};

std::string soa_data(const soa_fields& fields);

/// The last number of a SOA record: how long an absence may be remembered.
std::optional<uint32_t> soa_minimum(const record& soa);

} // namespace troupe::dns
