#pragma once

#include "messages/errors.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::meta::v1 {
class Quantity;
} // namespace troupe::meta::v1

namespace troupe::text {

/// An amount of a resource, such as "100m", "1.5Gi" or "2e3", kept exactly in
/// billionths. Sums are exact up to 1.7e29 in magnitude and stay at that bound
/// beyond it; parse() accepts magnitudes below 1e27.
class quantity {
public:
  /// The family of suffixes that the canonical form uses.
  enum class family : uint8_t {
    decimal,  ///< n u m k M G T P E
    binary,   ///< Ki Mi Gi Ti Pi Ei
    exponent, ///< e3
  };

  constexpr quantity() noexcept = default;

  /// Parses Kubernetes' syntax. What is finer than a billionth is rounded away
  /// from zero; binary amounts are capped at 2^63-1, as Kubernetes does.
  static expected<quantity> parse(std::string_view str);

  /// Returns how Kubernetes keeps what it reads: what is all but canonical
  /// stays as it was written ("1.500", "+1", "1E3"), all else becomes
  /// canonical.
  static expected<std::string> kept_text(std::string_view str);

  /// Reads the text of `msg`; an empty one is zero.
  static expected<quantity> parse(const meta::v1::Quantity& msg);

  /// Reads the text of `msg` where it was validated before; zero otherwise.
  static quantity of(const meta::v1::Quantity& msg);

  static quantity of(int64_t value, family form = family::decimal);
  static quantity of_milli(int64_t thousandths);

  /// Returns the whole value, rounded away from zero, capped to int64_t.
  int64_t value() const;

  /// Returns the value in thousandths, rounded away from zero, capped.
  int64_t milli_value() const;

  double as_double() const;

  /// Returns whether the value has no fraction.
  bool is_whole() const;

  /// Returns the value rounded away from zero to thousandths.
  quantity rounded_to_milli() const;

  bool is_zero() const { return nanos_ == 0; }

  /// Returns -1, 0 or 1.
  int sign() const { return nanos_ < 0 ? -1 : nanos_ > 0 ? 1 : 0; }

  family form() const { return form_; }

  /// Returns the canonical form: no fraction, the largest suffix of the family
  /// that leaves an integer. Equal canonical forms are equal amounts.
  std::string str() const;

  meta::v1::Quantity message() const;

  /// A sum takes the family of the left side unless that is zero.
  quantity& operator+=(const quantity& other);
  quantity& operator-=(const quantity& other);

  /// Multiplies by a whole number; stays at the bound on overflow.
  quantity& operator*=(int64_t factor);

  quantity operator-() const;

  friend quantity operator+(quantity a, const quantity& b) { return a += b; }
  friend quantity operator-(quantity a, const quantity& b) { return a -= b; }
  friend quantity operator*(quantity a, int64_t b) { return a *= b; }

  /// The family does not matter for comparison.
  friend bool operator==(const quantity& a, const quantity& b) {
    return a.nanos_ == b.nanos_;
  }
  friend std::strong_ordering operator<=>(const quantity& a,
                                          const quantity& b) {
    return a.nanos_ <=> b.nanos_;
  }

private:
  __extension__ using wide = __int128;

  constexpr quantity(wide nanos, family form) noexcept
      : nanos_(nanos), form_(form) {
    // nop
  }

  wide nanos_ = 0;
  family form_ = family::decimal;
};

} // namespace troupe::text
