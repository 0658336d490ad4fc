#include "runtime/text/patch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace troupe::text {

namespace {

using tokens = std::vector<std::string>;

caf::error malformed(size_t i, const std::string& why) {
  return make_error(ec::bad_request,
                    "JSON patch: operation " + std::to_string(i) + ": " + why);
}

caf::error refused(size_t i, const std::string& why) {
  return make_error(ec::invalid, "the JSON patch cannot be applied: operation "
                                     + std::to_string(i) + ": " + why);
}

/// Splits a JSON pointer (RFC 6901); nothing when it is none.
std::optional<tokens> split_pointer(std::string_view str) {
  tokens result;
  if (!str.empty() && str[0] != '/')
    return std::nullopt;
  for (size_t i = 0; i < str.size(); ++i) {
    if (str[i] == '/') {
      result.emplace_back();
    } else if (str[i] == '~') {
      if (++i == str.size() || (str[i] != '0' && str[i] != '1'))
        return std::nullopt;
      result.back() += str[i] == '0' ? '~' : '/';
    } else {
      result.back() += str[i];
    }
  }
  return result;
}

std::optional<size_t> index_of(const std::string& token, size_t bound) {
  size_t result = 0;
  auto end = token.data() + token.size();
  auto [last, err] = std::from_chars(token.data(), end, result);
  if (token.empty() || last != end || err != std::errc{} || result >= bound
      || (token.size() > 1 && token[0] == '0'))
    return std::nullopt;
  return result;
}

document* child(document& parent, const std::string& token) {
  if (parent.is_object()) {
    auto it = parent.find(token);
    return it == parent.end() ? nullptr : &*it;
  }
  if (!parent.is_array())
    return nullptr;
  auto i = index_of(token, parent.size());
  return i ? &parent[*i] : nullptr;
}

/// Follows all but the last `but` tokens; null when there is no such place.
document* follow(document& root, const tokens& path, size_t but = 0) {
  auto* at = &root;
  for (size_t i = 0; i + but < path.size() && at != nullptr; ++i)
    at = child(*at, path[i]);
  return at;
}

int depth_of(const document& x) {
  if (!x.is_structured())
    return 0;
  int result = 0;
  for (auto& value : x)
    result = std::max(result, depth_of(value));
  return result + 1;
}

/// Applies operations one by one.
class patcher {
public:
  patcher(document& target, const json_patch_limits& limits)
      : target_(target), limits_(limits) {
    // nop
  }

  caf::error apply(const document& op, size_t i) {
    index_ = i;
    if (!op.is_object())
      return malformed(i, "expected an object");
    auto name = text_of(op, "op");
    auto path_text = text_of(op, "path");
    if (!name)
      return malformed(i, "op: required: must be a string");
    if (!path_text)
      return malformed(i, "path: required: must be a string");
    auto path = split_pointer(*path_text);
    if (!path)
      return malformed(i, "path: \"" + *path_text + "\" is no JSON pointer");
    path_text_ = *path_text;
    if (*name == "remove")
      return remove(*path);
    if (*name == "move" || *name == "copy")
      return transfer(op, *path, *name == "move");
    if (*name != "add" && *name != "replace" && *name != "test")
      return malformed(i, "op: \"" + *name
                              + "\": must be add, remove, "
                                "replace, move, copy or test");
    auto value = op.find("value");
    if (value == op.end())
      return malformed(i, "value: required");
    if (*name == "add")
      return add(*path, *value);
    auto* at = follow(target_, *path);
    if (*name == "test")
      return test(at, *value);
    return replace(at, *path, *value);
  }

private:
  static std::optional<std::string> text_of(const document& op,
                                            const char* name) {
    auto it = op.find(name);
    if (it == op.end() || !it->is_string())
      return std::nullopt;
    return it->get_ref<const std::string&>();
  }

  caf::error missing(const std::string& path) const {
    return refused(index_, "there is nothing at \"" + path + "\"");
  }

  caf::error test(const document* at, const document& value) const {
    // A member that is not there and null are the same, as in Kubernetes.
    if (at == nullptr ? value.is_null() : *at == value)
      return caf::none;
    return refused(index_, "testing value at \"" + path_text_ + "\" failed");
  }

  caf::error replace(document* at, const tokens& path, const document& value) {
    if (at == nullptr)
      return missing(path_text_);
    if (auto err = check_depth(path, value))
      return err;
    *at = value;
    return caf::none;
  }

  caf::error check_depth(const tokens& path, const document& value) const {
    if (static_cast<int>(path.size()) + depth_of(value) > limits_.depth)
      return refused(index_, "the result is nested too deeply: the limit is "
                                 + std::to_string(limits_.depth));
    return caf::none;
  }

  caf::error add(const tokens& path, document value) {
    if (auto err = check_depth(path, value))
      return err;
    if (path.empty()) {
      target_ = std::move(value);
      return caf::none;
    }
    auto* parent = follow(target_, path, 1);
    if (parent == nullptr || !parent->is_structured())
      return missing(path_text_);
    if (parent->is_object()) {
      (*parent)[path.back()] = std::move(value);
      return caf::none;
    }
    auto at = path.back() == "-" ? std::optional{parent->size()}
                                 : index_of(path.back(), parent->size() + 1);
    if (!at)
      return refused(index_, "\"" + path_text_ + "\" is no place in a list of "
                                 + std::to_string(parent->size()));
    parent->insert(parent->begin() + static_cast<ptrdiff_t>(*at),
                   std::move(value));
    return caf::none;
  }

  caf::error remove(const tokens& path) {
    if (path.empty())
      return refused(index_, "the whole document cannot be removed");
    auto* parent = follow(target_, path, 1);
    if (parent == nullptr || child(*parent, path.back()) == nullptr)
      return missing(path_text_);
    if (parent->is_object())
      parent->erase(path.back());
    else
      parent->erase(*index_of(path.back(), parent->size()));
    return caf::none;
  }

  caf::error transfer(const document& op, const tokens& path, bool is_move) {
    auto from_text = text_of(op, "from");
    if (!from_text)
      return malformed(index_, "from: required: must be a string");
    auto from = split_pointer(*from_text);
    if (!from)
      return malformed(index_,
                       "from: \"" + *from_text + "\" is no JSON pointer");
    auto* at = follow(target_, *from);
    if (at == nullptr)
      return missing(*from_text);
    auto value = *at;
    if (!is_move) {
      copied_ += value.dump().size();
      if (copied_ > limits_.copied_bytes)
        return refused(index_, "copies add up to more than "
                                   + std::to_string(limits_.copied_bytes)
                                   + " bytes");
      return add(path, std::move(value));
    }
    auto into_itself = path.size() > from->size()
                       && std::equal(from->begin(), from->end(), path.begin());
    if (into_itself)
      return refused(index_, "\"" + *from_text + "\" cannot move into itself");
    if (path == *from)
      return caf::none;
    auto to_text = std::exchange(path_text_, *from_text);
    if (auto err = remove(*from))
      return err;
    path_text_ = to_text;
    return add(path, std::move(value));
  }

  document& target_;
  const json_patch_limits& limits_;
  size_t index_ = 0;
  size_t copied_ = 0;
  std::string path_text_;
};

} // namespace

expected<document> json_patch(document target, const document& patch,
                              const json_patch_limits& limits) {
  if (!patch.is_array())
    return make_error(ec::bad_request, "JSON patch: expected a list of "
                                       "operations");
  if (patch.size() > limits.operations)
    return make_error(ec::too_large,
                      "The allowed maximum operations in a JSON patch is "
                          + std::to_string(limits.operations) + ", got "
                          + std::to_string(patch.size()));
  patcher run{target, limits};
  for (size_t i = 0; i < patch.size(); ++i)
    if (auto err = run.apply(patch[i], i))
      return err;
  return target;
}

} // namespace troupe::text
