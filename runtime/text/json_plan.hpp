#pragma once

#include "messages/api/options.pb.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {
struct field_info;
struct message_info;
} // namespace troupe

namespace troupe::text {

struct json_plan;

/// How one field becomes a member.
struct json_plan_field {
  enum class shape : uint8_t { single, list, map, inlined };
  enum class type : uint8_t {
    text,
    bytes,
    boolean,
    int32,
    int64,
    real,
    message,
  };

  const field_info* info = nullptr;
  uint32_t number = 0;
  shape form = shape::single;
  type value = type::text; ///< of a map: of its values
  bool packable = false;
  bool is_metadata = false; ///< of an object
  std::string key;          ///< with quotes and colon
  std::string absent;       ///< what stands for it where it is not there

  /// Of the message that it holds. Made when first asked for.
  const json_plan& plan() const;

  json_plan_field() = default;
  json_plan_field(json_plan_field&& other) noexcept;

private:
  mutable std::atomic<const json_plan*> plan_{nullptr};
};

/// A set of a message's fields, by their place in the plan.
class json_plan_set {
public:
  static constexpr size_t most = 128;

  void add(size_t place) { words_[place / 64] |= uint64_t{1} << place % 64; }
  bool has(size_t place) const { return words_[place / 64] >> place % 64 & 1; }

  /// Calls `visit` with each place in either set, in order.
  template <class Visit>
  static void each(const json_plan_set& a, const json_plan_set& b,
                   Visit visit) {
    for (size_t i = 0; i < a.words_.size(); ++i)
      for (auto left = a.words_[i] | b.words_[i]; left != 0; left &= left - 1)
        visit(i * 64 + static_cast<size_t>(__builtin_ctzll(left)));
  }

private:
  std::array<uint64_t, most / 64> words_{};
};

std::unique_ptr<json_plan> make_json_plan(const message_info& info);

/// What is to be done for one message type: its members in the order in which
/// they are written.
struct json_plan {
  static constexpr size_t nowhere = SIZE_MAX;

  const message_info* info = nullptr;
  api::JsonForm form = api::OBJECT;
  std::vector<json_plan_field> fields;
  json_plan_set always; ///< those that are written when they are not there

  /// Returns the place of a field; `nowhere` when there is no such number.
  size_t place_of(uint32_t number) const {
    return number < by_number_.size() ? by_number_[number] : far_place(number);
  }

private:
  friend std::unique_ptr<json_plan> make_json_plan(const message_info& info);

  size_t far_place(uint32_t number) const;

  std::vector<size_t> by_number_; ///< of small numbers
};

/// Returns the plan of a message type. Made at first use, then never changed;
/// safe from any thread.
const json_plan& json_plan_of(const message_info& info);

} // namespace troupe::text
