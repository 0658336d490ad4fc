#include "runtime/http/negotiation.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace troupe::http {

namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view yaml_type = "application/yaml";
constexpr std::string_view protobuf_type =
    "application/vnd.kubernetes.protobuf";

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// Takes what stands before the next separator off `text`.
std::string_view next_part(std::string_view& text, char separator) {
  auto end = std::min(text.find(separator), text.size());
  auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(part);
}

double to_quality(const std::string& text) {
  double out = 0;
  auto end = text.data() + text.size();
  auto [last, bad] = std::from_chars(text.data(), end, out);
  return bad == std::errc{} && last == end ? std::clamp(out, 0.0, 1.0) : 0;
}

std::optional<encoding> encoding_of(std::string_view name) {
  if (name == json_type || name == "*/*" || name == "application/*")
    return encoding::json;
  if (name == yaml_type)
    return encoding::yaml;
  if (name == protobuf_type)
    return encoding::protobuf;
  return std::nullopt;
}

/// Returns the shape that an entry asks for; nothing for one not served.
std::optional<shape> shape_of(const media_type& type, encoding bytes,
                              const offer& what) {
  auto& as = type.get("as");
  auto& version = type.get("v");
  if (as.empty() && version.empty() && type.get("g").empty())
    return shape::object;
  if (as == "APIGroupDiscoveryList")
    return what.discovery && type.get("g") == "apidiscovery.k8s.io"
                   && (version == "v2" || version == "v2beta1")
                   && bytes != encoding::yaml
               ? std::optional{shape::discovery}
               : std::nullopt;
  if (!what.metadata || type.get("g") != "meta.k8s.io"
      || (version != "v1" && version != "v1beta1"))
    return std::nullopt;
  if (as == "Table" && what.tables && bytes != encoding::protobuf)
    return shape::table;
  if (as == "PartialObjectMetadata")
    return shape::partial;
  if (as == "PartialObjectMetadataList")
    return shape::partial_list;
  return std::nullopt;
}

/// Whether the parameters that are about no shape ask for what there is.
bool fits(const media_type& type, encoding bytes, const offer& what) {
  auto& stream = type.get("stream");
  auto& version = type.get("sv");
  return (stream.empty() || (stream == "watch" && bytes != encoding::yaml))
         && (version.empty() || (version == "v1" && what.metadata));
}

caf::error none_of(const char* types) {
  return make_error(ec::not_acceptable,
                    std::string{"only the following media types are accepted: "}
                        + types);
}

bool is_like(std::string_view name, std::string_view served) {
  return name == served || name == "*/*"
         || (name.ends_with("/*")
             && served.starts_with(name.substr(0, name.size() - 1)));
}

} // namespace

const std::string& media_type::get(std::string_view parameter) const {
  static const std::string none;
  for (auto& p : parameters)
    if (p.first == parameter)
      return p.second;
  return none;
}

media_type parse_media_type(std::string_view text) {
  media_type out;
  out.name = lower(next_part(text, ';'));
  while (!text.empty()) {
    auto part = next_part(text, ';');
    auto equals = std::min(part.find('='), part.size());
    auto key = lower(trimmed(part.substr(0, equals)));
    auto value = trimmed(part.substr(std::min(equals + 1, part.size())));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (key == "q")
      out.quality = to_quality(std::string{value});
    else if (!key.empty())
      out.parameters.emplace_back(key, value);
  }
  return out;
}

std::vector<media_type> parse_accept(std::string_view text) {
  std::vector<media_type> out;
  while (!text.empty()) {
    auto part = next_part(text, ',');
    if (!part.empty())
      out.push_back(parse_media_type(part));
  }
  std::erase_if(out, [](auto& x) { return x.quality <= 0; });
  std::stable_sort(out.begin(), out.end(),
                   [](auto& a, auto& b) { return a.quality > b.quality; });
  return out;
}

expected<answer_form> negotiate(std::string_view accept, const offer& what) {
  if (trimmed(accept).empty())
    return answer_form{};
  for (auto& type : parse_accept(accept)) {
    auto bytes = encoding_of(type.name);
    if (!bytes)
      continue;
    auto as = shape_of(type, *bytes, what);
    if (!as || !fits(type, *bytes, what))
      continue;
    // Kubernetes: it is not asked what the client would like next.
    if (what.events && *bytes == encoding::yaml)
      return none_of("application/json;stream=watch, "
                     "application/vnd.kubernetes.protobuf;stream=watch");
    return answer_form{*bytes, *as, type.get("v"),
                       type.get("pretty") == "1"
                           || type.get("pretty") == "true"};
  }
  return none_of("application/json, application/yaml, "
                 "application/vnd.kubernetes.protobuf");
}

std::optional<size_t> choose_type(std::string_view accept,
                                  const std::vector<std::string_view>& served) {
  if (trimmed(accept).empty())
    return 0;
  for (auto& type : parse_accept(accept))
    for (size_t i = 0; i < served.size(); ++i)
      if (is_like(type.name, served[i]))
        return i;
  return std::nullopt;
}

bool names_any(std::string_view accept,
               const std::vector<std::string_view>& served) {
  if (accept.empty())
    return true;
  while (!accept.empty()) {
    auto part = next_part(accept, ',');
    auto name = next_part(part, ';');
    if (name == "*/*"
        || std::find(served.begin(), served.end(), name) != served.end())
      return true;
  }
  return false;
}

bool looks_with_eyes(std::string_view user_agent) {
  for (std::string_view agent : {"curl", "Wget", "Mozilla/5.0"})
    if (user_agent.substr(0, agent.size()) == agent)
      return true;
  return false;
}

expected<encoding> body_encoding(std::string_view content_type) {
  if (trimmed(content_type).empty())
    return encoding::json;
  auto type = parse_media_type(content_type);
  auto found = encoding_of(type.name);
  if (found && type.name.find('*') == std::string::npos)
    return *found;
  return make_error(ec::unsupported_media_type,
                    "the body of the request was in an unknown format - "
                    "accepted media types include: application/json, "
                    "application/yaml, application/vnd.kubernetes.protobuf");
}

std::string answer_form::content_type() const {
  std::string out{bytes == encoding::json   ? json_type
                  : bytes == encoding::yaml ? yaml_type
                                            : protobuf_type};
  if (as == shape::discovery)
    out += ";g=apidiscovery.k8s.io;v=" + version + ";as=APIGroupDiscoveryList";
  return out;
}

std::string answer_form::stream_type() const {
  if (bytes == encoding::protobuf)
    return std::string{protobuf_type} + ";stream=watch";
  return std::string{json_type};
}

} // namespace troupe::http
