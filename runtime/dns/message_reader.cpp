#include "runtime/dns/message.hpp"
#include "runtime/dns/wire.hpp"

namespace troupe::dns {

namespace {

constexpr uint32_t dnssec_ok_bit = 0x8000;

class reader {
public:
  explicit reader(std::string_view packet) : packet_(packet), at_(header_size) {
    // nop
  }

  bool questions(size_t count, std::vector<question>& out) {
    for (size_t i = 0; i < count; ++i) {
      auto owner = name::read(packet_, at_);
      if (!owner || left() < 4)
        return false;
      out.push_back(
          {std::move(*owner), get16(packet_, at_), get16(packet_, at_ + 2)});
      at_ += 4;
    }
    return true;
  }

  bool records(size_t count, std::vector<record>& out, message& whole) {
    for (size_t i = 0; i < count; ++i) {
      record x;
      size_t size = 0;
      if (!head(x, size))
        return false;
      auto end = at_ + size;
      if (x.type == type::opt) {
        if (!take_opt(x, whole))
          return false;
      } else if (!data(x, end)) {
        return false;
      } else {
        out.push_back(std::move(x));
      }
      at_ = end;
    }
    return true;
  }

private:
  size_t left() const { return packet_.size() - at_; }

  bool head(record& x, size_t& size) {
    auto owner = name::read(packet_, at_);
    if (!owner || left() < 10)
      return false;
    x.owner = std::move(*owner);
    x.type = get16(packet_, at_);
    x.klass = get16(packet_, at_ + 2);
    x.ttl = get32(packet_, at_ + 4);
    size = get16(packet_, at_ + 8);
    at_ += 10;
    return size <= left();
  }

  /// RFC 6891: one at most, of the root.
  static bool take_opt(const record& x, message& whole) {
    if (whole.extended || !x.owner.is_root())
      return false;
    whole.extended =
        extension{x.klass, static_cast<uint8_t>(x.ttl >> 16 & 0xff),
                  (x.ttl & dnssec_ok_bit) != 0};
    whole.code = static_cast<uint16_t>(whole.code | (x.ttl >> 24) << 4);
    return true;
  }

  bool data(record& x, size_t end) {
    for (auto step = layout_of(x.type); step && *step; ++step)
      if (!part(*step, end, x.data))
        return false;
    x.data += packet_.substr(at_, end - at_);
    return true;
  }

  bool part(char kind, size_t end, std::string& out) {
    size_t size = kind == '4' ? 4 : 2;
    if (kind == 'N') {
      auto target = name::read(packet_.substr(0, end), at_);
      if (target)
        out += target->wire();
      return target.has_value();
    }
    if (kind == 'S') {
      if (at_ >= end)
        return false;
      size = 1u + static_cast<uint8_t>(packet_[at_]);
    }
    if (end - at_ < size)
      return false;
    out += packet_.substr(at_, size);
    at_ += size;
    return true;
  }

  std::string_view packet_;
  size_t at_;
};

} // namespace

const char* layout_of(uint16_t type) {
  switch (type) {
    case 2:  // NS
    case 3:  // MD
    case 4:  // MF
    case 5:  // CNAME
    case 7:  // MB
    case 8:  // MG
    case 9:  // MR
    case 12: // PTR
    case 39: // DNAME
      return "N";
    case 6:  // SOA
    case 14: // MINFO
    case 17: // RP
      return "NN";
    case 15: // MX
    case 18: // AFSDB
    case 21: // RT
    case 36: // KX
      return "2N";
    case 26: // PX
      return "2NN";
    case 33: // SRV
      return "222N";
    case 35: // NAPTR
      return "22SSSN";
    default:
      return nullptr;
  }
}

std::optional<message> parse_header(std::string_view packet) {
  if (packet.size() < header_size)
    return std::nullopt;
  auto flags = get16(packet, 2);
  message out;
  out.id = get16(packet, 0);
  out.response = (flags & 0x8000) != 0;
  out.opcode = static_cast<uint8_t>(flags >> 11 & 0xf);
  out.authoritative = (flags & 0x0400) != 0;
  out.truncated = (flags & 0x0200) != 0;
  out.recursion_desired = (flags & 0x0100) != 0;
  out.recursion_available = (flags & 0x0080) != 0;
  out.authentic_data = (flags & 0x0020) != 0;
  out.checking_disabled = (flags & 0x0010) != 0;
  out.code = flags & 0xf;
  return out;
}

std::optional<message> parse(std::string_view packet) {
  auto out = parse_header(packet);
  if (!out)
    return std::nullopt;
  reader from{packet};
  // What a count promises is made room for when it is there.
  if (!from.questions(get16(packet, 4), out->questions)
      || !from.records(get16(packet, 6), out->answers, *out)
      || !from.records(get16(packet, 8), out->authorities, *out)
      || !from.records(get16(packet, 10), out->additionals, *out))
    return std::nullopt;
  return out;
}

std::optional<uint32_t> soa_minimum(const record& soa) {
  if (soa.type != type::soa || soa.data.size() < 22)
    return std::nullopt;
  return get32(soa.data, soa.data.size() - 4);
}

} // namespace troupe::dns
