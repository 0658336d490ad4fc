#include "runtime/images/challenge.hpp"

#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <cctype>

namespace troupe::images {

namespace {

/// Reads a header's value from left to right.
class scanner {
public:
  explicit scanner(std::string_view text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }

  void skip(std::string_view these) {
    while (!done() && these.find(text_[at_]) != these.npos)
      ++at_;
  }

  std::string word() {
    auto begin = at_;
    while (!done()
           && std::string_view{" \t,=\""}.find(text_[at_])
                  == std::string_view::npos)
      ++at_;
    return lower(text_.substr(begin, at_ - begin));
  }

  bool take(char c) {
    if (done() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  std::string value() {
    if (!take('"')) {
      auto begin = at_;
      while (!done() && text_[at_] != ',' && text_[at_] != ' ')
        ++at_;
      return std::string{text_.substr(begin, at_ - begin)};
    }
    std::string result;
    while (!done() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size())
        ++at_;
      result += text_[at_++];
    }
    take('"');
    return result;
  }

private:
  static std::string lower(std::string_view text) {
    std::string result{text};
    for (auto& c : result)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
  }

  std::string_view text_;
  size_t at_ = 0;
};

void parse_one(const std::string& text, std::vector<challenge>& out) {
  scanner in{text};
  for (;;) {
    in.skip(" \t,");
    auto before = in.done();
    auto name = in.word();
    if (before)
      return;
    if (name.empty()) {
      // Nothing that begins so is known.
      in.skip("=\"");
      continue;
    }
    in.skip(" \t");
    if (!in.take('=')) {
      out.push_back({name, {}});
      continue;
    }
    in.skip(" \t");
    auto value = in.value();
    if (!out.empty())
      out.back().parameters[name] = value;
  }
}

} // namespace

std::vector<challenge>
parse_challenges(const std::vector<std::string>& values) {
  std::vector<challenge> result;
  for (auto& each : values)
    parse_one(each, result);
  return result;
}

std::string percent_encode(std::string_view text) {
  std::string result;
  for (unsigned char c : text) {
    if (std::isalnum(c)
        || std::string_view{"-._~"}.find(static_cast<char>(c))
               != std::string_view::npos) {
      result += static_cast<char>(c);
      continue;
    }
    result += '%';
    result += "0123456789ABCDEF"[c >> 4];
    result += "0123456789ABCDEF"[c & 15];
  }
  return result;
}

std::string token_url(const challenge& bearer, const std::string& scope) {
  auto get = [&](const char* key) {
    auto at = bearer.parameters.find(key);
    return at == bearer.parameters.end() ? std::string{} : at->second;
  };
  auto result = get("realm");
  auto separator = result.find('?') == result.npos ? '?' : '&';
  auto add = [&](const char* key, const std::string& value) {
    if (value.empty())
      return;
    result += separator + std::string{key} + "=" + percent_encode(value);
    separator = '&';
  };
  add("service", get("service"));
  auto asked = get("scope");
  add("scope", asked.empty() ? scope : asked);
  return result;
}

expected<std::string> read_token(std::string_view json) {
  auto from = text::parse_json(json);
  if (from && from->is_object())
    for (auto key : {"token", "access_token"})
      if (auto at = from->find(key);
          at != from->end() && at->is_string()
          && !at->get_ref<const std::string&>().empty())
        return at->get<std::string>();
  return make_error(ec::unauthorized, "the token service gave no token");
}

} // namespace troupe::images
