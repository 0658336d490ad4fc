#include "runtime/dns/message.hpp"
#include "runtime/dns/wire.hpp"

#include <algorithm>

namespace troupe::dns {

namespace {

constexpr size_t opt_size = 11;
constexpr size_t largest_offset = 0x3fff;
// More are seldom of use, and each name is compared with all of them.
constexpr size_t most_offsets = 64;

class writer {
public:
  explicit writer(size_t limit) : limit_(limit) {
    out_.reserve(std::min<size_t>(limit, plain_size));
    out_.resize(header_size, '\0');
  }

  void set16(size_t at, uint16_t x) {
    out_[at] = static_cast<char>(x >> 8);
    out_[at + 1] = static_cast<char>(x & 0xff);
  }

  bool add(const question& x) {
    auto before = out_.size();
    put_name(x.owner.wire());
    put16(out_, x.type);
    put16(out_, x.klass);
    return fits(before);
  }

  bool add(const record& x) {
    auto before = out_.size();
    put_name(x.owner.wire());
    put16(out_, x.type);
    put16(out_, x.klass);
    put32(out_, x.ttl);
    auto size_at = out_.size();
    put16(out_, 0);
    put_data(x);
    auto size = out_.size() - size_at - 2;
    if (size > 0xffff) {
      limit_ = 0; // nowhere does it fit
      return fits(before);
    }
    set16(size_at, static_cast<uint16_t>(size));
    return fits(before);
  }

  void add(const extension& x, uint16_t code) {
    out_ += '\0';
    put16(out_, type::opt);
    put16(out_, x.size);
    out_ += static_cast<char>(code >> 4);
    out_ += static_cast<char>(x.version);
    put16(out_, x.dnssec_ok ? 0x8000 : 0);
    put16(out_, 0);
  }

  std::string take() { return std::move(out_); }

private:
  /// Takes back what goes beyond the limit.
  bool fits(size_t before) {
    if (out_.size() <= limit_)
      return true;
    out_.resize(before);
    std::erase_if(offsets_, [&](size_t x) { return x >= before; });
    return false;
  }

  void put_data(const record& x) {
    std::string_view rest{x.data};
    // Only the oldest types may have compressed names (RFC 3597, section 4).
    auto old = x.type == type::ns || x.type == type::cname
               || x.type == type::soa || x.type == type::ptr
               || x.type == type::mx;
    for (auto step = old ? layout_of(x.type) : nullptr; step && *step; ++step) {
      auto size = *step == 'N' ? wire_size(rest) : 2;
      if (size == 0 || size > rest.size())
        break;
      if (*step == 'N')
        put_name(rest.substr(0, size));
      else
        out_ += rest.substr(0, size);
      rest.remove_prefix(size);
    }
    out_ += rest;
  }

  /// Bytes of the name at the front; 0 for none.
  static size_t wire_size(std::string_view bytes) {
    for (size_t at = 0; at < bytes.size();) {
      auto size = static_cast<uint8_t>(bytes[at]);
      if (size > name::max_label)
        return 0;
      at += size + size_t{1};
      if (size == 0)
        return at;
    }
    return 0;
  }

  void put_name(std::string_view wire) {
    while (wire.size() > 1) {
      if (auto known = find(wire)) {
        put16(out_, static_cast<uint16_t>(0xc000 | *known));
        return;
      }
      if (out_.size() <= largest_offset && offsets_.size() < most_offsets)
        offsets_.push_back(out_.size());
      auto size = static_cast<uint8_t>(wire.front()) + size_t{1};
      out_ += wire.substr(0, size);
      wire.remove_prefix(size);
    }
    out_ += '\0';
  }

  std::optional<size_t> find(std::string_view wire) const {
    for (auto offset : offsets_)
      if (is_at(offset, wire))
        return offset;
    return std::nullopt;
  }

  /// Letters must be the same: a pointer would change their case.
  bool is_at(size_t at, std::string_view wire) const {
    while (at < out_.size()) {
      auto size = static_cast<uint8_t>(out_[at]);
      if (size >= 0xc0) {
        at = get16(out_, at) & largest_offset;
        continue;
      }
      auto label = wire.substr(0, size + size_t{1});
      if (out_.compare(at, size + size_t{1}, label) != 0)
        return false;
      if (size == 0)
        return true;
      at += size + size_t{1};
      wire.remove_prefix(label.size());
    }
    return false;
  }

  std::string out_;
  size_t limit_;
  std::vector<size_t> offsets_; ///< where names, or ends of names, begin
};

uint16_t flags_of(const message& x, bool truncated) {
  auto flags = (x.response ? 0x8000 : 0) | (x.opcode & 0xf) << 11
               | (x.authoritative ? 0x0400 : 0) | (truncated ? 0x0200 : 0)
               | (x.recursion_desired ? 0x0100 : 0)
               | (x.recursion_available ? 0x0080 : 0)
               | (x.authentic_data ? 0x0020 : 0)
               | (x.checking_disabled ? 0x0010 : 0) | (x.code & 0xf);
  return static_cast<uint16_t>(flags);
}

template <class T>
uint16_t add_all(writer& out, const std::vector<T>& all, bool& complete) {
  uint16_t count = 0;
  for (auto& x : all) {
    if (!complete || count == 0xffff || !out.add(x)) {
      complete = false;
      break;
    }
    ++count;
  }
  return count;
}

} // namespace

std::string encode(const message& what, size_t limit) {
  limit = std::min(limit, largest_message);
  auto extended = what.extended.has_value() && limit >= header_size + opt_size;
  writer out{limit - (extended ? opt_size : 0)};
  auto complete = true;
  out.set16(0, what.id);
  out.set16(4, add_all(out, what.questions, complete));
  out.set16(6, add_all(out, what.answers, complete));
  out.set16(8, add_all(out, what.authorities, complete));
  auto truncated = what.truncated || !complete;
  auto count = add_all(out, what.additionals, complete);
  if (extended) {
    out.add(*what.extended, what.code);
    ++count;
  }
  out.set16(10, count);
  out.set16(2, flags_of(what, truncated));
  return out.take();
}

std::string srv_data(uint16_t priority, uint16_t weight, uint16_t port,
                     const name& target) {
  std::string out;
  put16(out, priority);
  put16(out, weight);
  put16(out, port);
  return out + target.wire();
}

std::string txt_data(std::string_view text) {
  text = text.substr(0, 255);
  return std::string(1, static_cast<char>(text.size())) + std::string{text};
}

std::string soa_data(const soa_fields& fields) {
  auto out = fields.server.wire() + fields.mailbox.wire();
  for (auto x : {fields.serial, fields.refresh, fields.retry, fields.expire,
                 fields.minimum})
    put32(out, x);
  return out;
}

} // namespace troupe::dns
