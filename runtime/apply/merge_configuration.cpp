#include "runtime/apply/configuration.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <optional>
#include <unordered_map>

namespace troupe::apply {

using text::document;

namespace {

std::optional<document> merge(const document* live, const document* config,
                              const shape& of);

/// What counts where nothing is merged; nothing where there is neither.
std::optional<document> last_word(const document* live,
                                  const document* config) {
  if (config != nullptr)
    return *config;
  return live == nullptr ? std::nullopt : std::optional{*live};
}

shape below(const shape& of, const std::string& name) {
  if (of.how == merging::map)
    return item_shape(of);
  auto* member = members_of(*of.type).find(name);
  return member == nullptr ? shape{} : member->how;
}

std::optional<document> merge_record(const document* live,
                                     const document* config, const shape& of) {
  static const document nothing = document::object();
  auto& left = live != nullptr && live->is_object() ? *live : nothing;
  auto& right = config != nullptr && config->is_object() ? *config : nothing;
  auto result = document::object();
  for (auto& [name, value] : left.items()) {
    auto other = right.find(name);
    if (auto one = merge(&value, other == right.end() ? nullptr : &*other,
                         below(of, name)))
      result[name] = std::move(*one);
  }
  for (auto& [name, value] : right.items())
    if (!left.contains(name))
      if (auto one = merge(nullptr, &value, below(of, name)))
        result[name] = std::move(*one);
  if (result.empty())
    return std::nullopt;
  return result;
}

/// The items of a list and where each element stands first.
struct listed {
  std::vector<std::string> elements;
  std::unordered_map<std::string, const document*> first;

  listed(const document* list, const shape& of) {
    if (list == nullptr || !list->is_array())
      return;
    for (auto& item : *list) {
      elements.push_back(item_element(item, of));
      first.emplace(elements.back(), &item);
    }
  }

  const document* find(const std::string& element) const {
    auto found = first.find(element);
    return found == first.end() ? nullptr : found->second;
  }
};

/// Puts two lists together: what both have stands in the order of the second,
/// what only the first has keeps its place between its neighbours.
class list_merger {
public:
  list_merger(const document* live, const document* config, const shape& of)
      : live_(live),
        inside_(of.how == merging::set ? shape{} : item_shape(of)),
        left_(live, of),
        right_(config, of) {
    for (auto& element : right_.elements)
      if (left_.find(element) != nullptr)
        common_.push_back(&element);
  }

  std::optional<document> run() {
    while (i_ < left_.elements.size() || j_ < right_.elements.size())
      step();
    if (out_.empty())
      return std::nullopt;
    return std::move(out_);
  }

private:
  void step() {
    auto has_left = i_ < left_.elements.size();
    auto has_right = j_ < right_.elements.size();
    if (has_left && right_.find(left_.elements[i_]) == nullptr) {
      put((*live_)[i_], nullptr);
      ++i_;
      return;
    }
    if (has_left && has_right && left_.elements[i_] == right_.elements[j_]) {
      put_common(right_.elements[j_]);
      ++i_;
      ++j_;
      return;
    }
    // It stands elsewhere in the second, and is put there.
    auto waits = has_left && has_right && !common_.empty()
                 && *common_.front() != left_.elements[i_];
    if (has_left && (waits || !has_right)) {
      ++i_;
      return;
    }
    put_common(right_.elements[j_]);
    ++j_;
  }

  void put_common(const std::string& element) {
    auto* left = left_.find(element);
    auto* right = right_.find(element);
    if (auto one = merge(left, right, inside_))
      out_.push_back(std::move(*one));
    if (!common_.empty() && *common_.front() == element)
      common_.pop_front();
  }

  void put(const document& left, const document* right) {
    if (auto one = merge(&left, right, inside_))
      out_.push_back(std::move(*one));
  }

  const document* live_;
  shape inside_;
  listed left_;
  listed right_;
  std::deque<const std::string*> common_;
  size_t i_ = 0;
  size_t j_ = 0;
  document out_ = document::array();
};

bool is_empty(const document* x) {
  return x == nullptr || x->is_null() || (x->is_structured() && x->empty());
}

std::optional<document> merge(const document* live, const document* config,
                              const shape& of) {
  auto whole = of.how == merging::scalar || of.how == merging::atomic;
  if (whole || (is_empty(live) && is_empty(config)))
    return last_word(live, config);
  if (of.how == merging::record || of.how == merging::map)
    return merge_record(live, config, of);
  return list_merger{live, config, of}.run();
}

} // namespace

document merged(const document& live, const document& config, const shape& of) {
  return merge(&live, &config, of).value_or(document::object());
}

} // namespace troupe::apply
