#pragma once

#include <google/protobuf/map.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::meta::v1 {
class Quantity;
} // namespace troupe::meta::v1

namespace troupe::scheduling {

using quantities =
    google::protobuf::Map<std::string, troupe::meta::v1::Quantity>;

/// Resources as plain integers: what a pod asks for, what a node has, what is
/// taken. CPU counts in thousandths, everything else in units (bytes).
struct amounts {
  int64_t milli_cpu = 0;
  int64_t memory = 0;
  int64_t ephemeral_storage = 0;
  /// Every other resource, sorted by name.
  std::vector<std::pair<std::string, int64_t>> others;

  int64_t other(std::string_view name) const;
  void set(const std::string& name, int64_t amount);
  int64_t get(std::string_view name) const;

  void add(const amounts& x);
  void subtract(const amounts& x);
  /// Keeps the larger of both for each resource.
  void raise_to(const amounts& x);

  /// Whether nothing at all is asked for.
  bool empty() const;

  bool operator==(const amounts&) const = default;
};

/// Reads a resource list. Fractions round up; "pods" is left out, since pods
/// are counted and not requested. A value that is no quantity counts as 0.
amounts to_amounts(const quantities& list);

/// The whole number of `name` in a resource list, 0 when it is not there.
int64_t count_of(const quantities& list, const std::string& name);

} // namespace troupe::scheduling
