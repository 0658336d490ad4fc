#include "runtime/scheduling/amounts.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/text/quantity.hpp"

#include <algorithm>
#include <limits>

namespace troupe::scheduling {

namespace {

// A single amount above this (36 PB) is as good as this, so that the sum of a
// node full of them is still exact and comes back to zero.
constexpr int64_t highest = int64_t{1} << 55;

int64_t plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum))
    return b > 0 ? std::numeric_limits<int64_t>::max()
                 : std::numeric_limits<int64_t>::min();
  return sum;
}

int64_t bounded(int64_t amount) {
  return std::clamp(amount, int64_t{0}, highest);
}

bool before(const std::pair<std::string, int64_t>& pair,
            std::string_view name) {
  return pair.first < name;
}

int64_t& slot(std::vector<std::pair<std::string, int64_t>>& list,
              std::string_view name) {
  auto i = std::lower_bound(list.begin(), list.end(), name, before);
  if (i == list.end() || i->first != name)
    i = list.emplace(i, std::string{name}, 0);
  return i->second;
}

} // namespace

int64_t amounts::other(std::string_view name) const {
  auto i = std::lower_bound(others.begin(), others.end(), name, before);
  return i != others.end() && i->first == name ? i->second : 0;
}

void amounts::set(const std::string& name, int64_t amount) {
  if (name == "cpu")
    milli_cpu = amount;
  else if (name == "memory")
    memory = amount;
  else if (name == "ephemeral-storage")
    ephemeral_storage = amount;
  else if (name != "pods")
    slot(others, name) = amount;
}

int64_t amounts::get(std::string_view name) const {
  if (name == "cpu")
    return milli_cpu;
  if (name == "memory")
    return memory;
  if (name == "ephemeral-storage")
    return ephemeral_storage;
  return other(name);
}

void amounts::add(const amounts& x) {
  milli_cpu = plus(milli_cpu, x.milli_cpu);
  memory = plus(memory, x.memory);
  ephemeral_storage = plus(ephemeral_storage, x.ephemeral_storage);
  for (const auto& [name, amount] : x.others) {
    auto& own = slot(others, name);
    own = plus(own, amount);
  }
}

void amounts::subtract(const amounts& x) {
  milli_cpu = plus(milli_cpu, -x.milli_cpu);
  memory = plus(memory, -x.memory);
  ephemeral_storage = plus(ephemeral_storage, -x.ephemeral_storage);
  for (const auto& [name, amount] : x.others) {
    auto& own = slot(others, name);
    own = plus(own, -amount);
  }
}

void amounts::raise_to(const amounts& x) {
  milli_cpu = std::max(milli_cpu, x.milli_cpu);
  memory = std::max(memory, x.memory);
  ephemeral_storage = std::max(ephemeral_storage, x.ephemeral_storage);
  for (const auto& [name, amount] : x.others) {
    auto& own = slot(others, name);
    own = std::max(own, amount);
  }
}

bool amounts::empty() const {
  return milli_cpu == 0 && memory == 0 && ephemeral_storage == 0
         && std::all_of(others.begin(), others.end(),
                        [](const auto& pair) { return pair.second == 0; });
}

amounts to_amounts(const quantities& list) {
  amounts result;
  for (const auto& [name, amount] : list) {
    auto exact = text::quantity::of(amount);
    result.set(name,
               bounded(name == "cpu" ? exact.milli_value() : exact.value()));
  }
  return result;
}

int64_t count_of(const quantities& list, const std::string& name) {
  auto i = list.find(name);
  return i == list.end() ? 0 : bounded(text::quantity::of(i->second).value());
}

} // namespace troupe::scheduling
