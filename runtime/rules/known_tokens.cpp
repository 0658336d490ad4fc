#include "runtime/rules/known_tokens.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/json_web_token.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/text/json_scanner.hpp"

#include <utility>
#include <vector>

namespace troupe::rules {

namespace {

constexpr std::string_view protocol_prefix =
    "base64url.bearer.authorization.k8s.io.";

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> result;
  for (size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find(by, at), text.size());
    if (auto part = trimmed(text.substr(at, end - at)); !part.empty())
      result.emplace_back(part);
    at = end + 1;
  }
  return result;
}

/// Lines of fields as RFC 4180 has them; spaces before a field do not count.
class line_reader {
public:
  explicit line_reader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  size_t line() const { return line_; }

  /// Returns the next line's fields; none of them for an empty line.
  expected<std::vector<std::string>> next() {
    std::vector<std::string> fields;
    ++line_;
    auto begin = at_;
    for (;;) {
      while (at_ < text_.size() && text_[at_] == ' ')
        ++at_;
      auto field = quoted() ? take_quoted() : take_plain();
      if (!field)
        return field.error();
      fields.push_back(std::move(*field));
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      auto empty = at_ == begin;
      end_line();
      if (empty)
        fields.clear();
      return fields;
    }
  }

private:
  bool quoted() const { return at_ < text_.size() && text_[at_] == '"'; }

  expected<std::string> take_quoted() {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '"') {
        out += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        out += '"';
        ++at_;
      } else {
        ++at_;
        auto next = at_ < text_.size() ? text_[at_] : '\n';
        if (next == ',' || next == '\n' || next == '\r')
          return out;
        break;
      }
    }
    return make_error(ec::invalid, "a quote is not closed");
  }

  expected<std::string> take_plain() {
    auto end = text_.find_first_of(",\r\n", at_);
    end = std::min(end, text_.size());
    std::string out{text_.substr(at_, end - at_)};
    at_ = end;
    return out;
  }

  void end_line() {
    if (at_ < text_.size() && text_[at_] == '\r')
      ++at_;
    if (at_ < text_.size() && text_[at_] == '\n')
      ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 0;
};

} // namespace

expected<known_tokens> parse_token_file(std::string_view text) {
  known_tokens result;
  line_reader lines{text};
  auto wrong = [&](const std::string& why) {
    return make_error(ec::invalid,
                      "line " + std::to_string(lines.line()) + ": " + why);
  };
  while (!lines.at_end()) {
    auto fields = lines.next();
    if (!fields)
      return wrong(message_of(fields.error()));
    if (fields->empty())
      continue;
    if (fields->size() < 3)
      return wrong("must have at least 3 columns (token, user name, user uid), "
                   "found "
                   + std::to_string(fields->size()));
    if ((*fields)[0].empty())
      continue;
    caller who;
    who.user = (*fields)[1];
    who.uid = (*fields)[2];
    if (fields->size() > 3)
      who.groups = split((*fields)[3], ',');
    result[crypto::sha256((*fields)[0])] = std::move(who);
  }
  return result;
}

std::optional<caller> find_token(const known_tokens& all,
                                 std::string_view token) {
  auto found = all.find(crypto::sha256(token));
  if (found == all.end())
    return std::nullopt;
  return found->second;
}

std::optional<bootstrap_parts> bootstrap_parts_of(std::string_view text) {
  auto dot = text.find('.');
  if (dot == std::string_view::npos)
    return std::nullopt;
  bootstrap_parts result{std::string{text.substr(0, dot)},
                         std::string{text.substr(dot + 1)}};
  if (!is_token_id(result.id) || !is_token_secret(result.secret))
    return std::nullopt;
  return result;
}

std::optional<caller> bootstrap_caller(const core::v1::Secret& secret,
                                       const bootstrap_parts& shown,
                                       time_point now) {
  auto token = read_bootstrap_token(secret);
  if (!token || secret.metadata().has_deletion_timestamp()
      || secret.metadata().name() != bootstrap_token_name(shown.id)
      || token->id != shown.id
      || !crypto::equal_secrets(token->secret, shown.secret)
      || (token->expires && *token->expires <= now)
      || !token->for_authentication)
    return std::nullopt;
  caller who;
  who.user = "system:bootstrap:" + shown.id;
  who.groups = {"system:bootstrappers"};
  for (auto& group : token->groups)
    if (!who.in_group(group))
      who.groups.push_back(group);
  return who;
}

std::optional<std::string> bearer_token(std::string_view authorization) {
  auto text = trimmed(authorization);
  auto space = text.find(' ');
  if (space == std::string_view::npos)
    return std::nullopt;
  std::string scheme{text.substr(0, space)};
  for (auto& c : scheme)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  auto token = trimmed(text.substr(space + 1));
  if (scheme != "bearer" || token.empty())
    return std::nullopt;
  return std::string{token};
}

std::optional<std::string> bearer_protocol(std::string_view protocols,
                                           std::string& rest) {
  std::string found;
  std::string others;
  auto seen = false;
  for (auto& each : split(protocols, ',')) {
    if (each.rfind(protocol_prefix, 0) != 0) {
      others += (others.empty() ? "" : ", ") + each;
      continue;
    }
    auto token = crypto::base64url_decode(
        std::string_view{each}.substr(protocol_prefix.size()));
    // Two of them are as bad as none.
    if (std::exchange(seen, true) || !token || !text::is_utf8(*token))
      return std::nullopt;
    found = std::move(*token);
  }
  if (found.empty())
    return std::string{};
  if (others.empty())
    return std::nullopt;
  rest = std::move(others);
  return found;
}

} // namespace troupe::rules
