#include "runtime/text/yaml_reader.hpp"

#include "runtime/text/message_reader.hpp"
#include "runtime/text/yaml_body.hpp"
#include "runtime/text/yaml_to_json.hpp"

#include <google/protobuf/message.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

namespace troupe::text {

namespace {

caf::error at_place(text_place at, std::string_view what,
                    std::string_view why) {
  return make_error(ec::bad_request,
                    "invalid " + std::string{what} + " at line "
                        + std::to_string(at.line) + ", column "
                        + std::to_string(at.column) + ": " + std::string{why});
}

/// Splits JSON values that stand one after the other.
expected<std::vector<json_source>> split_json(std::string_view text,
                                              const read_options& options) {
  std::vector<json_source> result;
  json_scanner in{text, options.max_depth};
  text_place at;
  size_t counted = 0;
  while (in.peek() != json_type::none) {
    json_source source;
    auto begin = in.offset();
    if (!in.skip())
      break;
    auto next = place_of(text.substr(counted), begin - counted);
    at = {at.line + next.line - 1,
          next.line == 1 ? at.column + next.column - 1 : next.column};
    counted = begin;
    // Kept as it is, so that offsets of lines in it stay true.
    source.json = text.substr(begin, in.offset() - begin);
    source.places.add_copy(0, at);
    auto line = at.line;
    for (size_t i = 0; i < source.json.size(); ++i)
      if (source.json[i] == '\n')
        source.places.add_copy(i + 1, {++line, 1});
    result.push_back(std::move(source));
  }
  if (!in.finish())
    return at_place(place_of(text, in.offset()), "JSON", in.failure());
  return result;
}

/// YAML 1.2, 5.1: what may stand in a stream.
caf::error check_printable(std::string_view text) {
  auto bad = std::find_if(text.begin(), text.end(), [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
  });
  if (bad == text.end())
    return caf::none;
  return at_place(place_of(text, static_cast<size_t>(bad - text.begin())),
                  "YAML", "control characters are not allowed");
}

expected<std::vector<json_source>>
split_yaml(std::string_view text, const read_options& options, bool doubles) {
  if (auto err = check_printable(text))
    return err;
  std::vector<json_source> result;
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    yaml_tree tree;
    while (parser.HandleNextDocument(tree)) {
      if (tree.stuck())
        return at_place(tree.start(), "YAML", "unexpected text");
      if (tree.empty() || tree[0].is == yaml_node::type::null)
        continue;
      auto source = yaml_to_json{tree, options, doubles}.convert();
      if (!source)
        return source.error();
      result.push_back(std::move(*source));
    }
  } catch (const YAML::DeepRecursion& e) {
    return at_place(yaml_tree::place_of(e.mark), "YAML", "nested too deeply");
  } catch (const YAML::Exception& e) {
    return at_place(yaml_tree::place_of(e.mark), "YAML", e.msg);
  }
  return result;
}

/// Where an object stands in the JSON of its document.
struct part {
  size_t offset;
  std::string_view json;
};

/// Returns the items of a list.
expected<std::vector<part>> items_of(std::string_view json,
                                     const read_options& options) {
  std::vector<part> result;
  json_scanner in{json, options.max_depth};
  std::string key;
  in.enter_object();
  while (in.next_key(key)) {
    if (key != "items" || in.peek() != json_type::array) {
      if (!in.skip())
        break;
      continue;
    }
    in.enter_array();
    while (in.next_element()) {
      in.peek();
      auto begin = in.offset();
      if (!in.skip())
        break;
      result.push_back({begin, json.substr(begin, in.offset() - begin)});
    }
  }
  if (in.failed())
    return at_place(place_of(json, in.offset()), "JSON", in.failure());
  return result;
}

/// Reads the objects of one document.
class manifest_reader {
public:
  manifest_reader(const json_source& source, std::vector<std::string>* findings,
                  std::vector<manifest>& out)
      : source_(source), findings_(findings), out_(out) {
    // nop
  }

  caf::error read(part p, const read_options& options) {
    auto type = read_type_meta(p.json, options);
    if (!type)
      return located(p, type.error());
    auto kind = resolve(*type, options);
    if (!kind && type->kind.ends_with("List"))
      return read_list(p, *type, options);
    if (!kind)
      return located(p, kind.error());
    auto msg = (*kind)->make();
    message_reader reader{
        p.json, options, findings_, {&source_.places, p.offset}};
    if (auto err = reader.read(*msg))
      return err;
    auto made = object_of(std::move(msg));
    if (!made)
      return located(p, made.error());
    out_.push_back(
        {std::move(*made), std::string{p.json}, source_.places.at(p.offset)});
    return caf::none;
  }

private:
  caf::error located(part p, const caf::error& err) const {
    auto at = source_.places.at(p.offset);
    return make_error(ec::bad_request,
                      "line " + std::to_string(at.line) + ", column "
                          + std::to_string(at.column) + ": " + message_of(err));
  }

  caf::error read_list(part list, const type_meta& type,
                       const read_options& options) {
    auto items = items_of(list.json, options);
    if (!items)
      return items.error();
    // Items of a typed list need not say what they are.
    auto inner = options;
    auto kind = std::string_view{type.kind};
    kind.remove_suffix(4);
    inner.kind = find_kind(type.api_version, kind);
    for (auto& item : *items)
      if (auto err = read({list.offset + item.offset, item.json}, inner))
        return err;
    return caf::none;
  }

  const json_source& source_;
  std::vector<std::string>* findings_;
  std::vector<manifest>& out_;
};

} // namespace

namespace {

/// As libyaml words it.
caf::error not_utf8() {
  return make_error(ec::bad_request, "yaml: invalid leading UTF-8 octet");
}

expected<std::vector<json_source>>
read_all(std::string_view text, const read_options& options, bool doubles) {
  if (text.size() / stream_factor > options.max_bytes)
    return make_error(ec::too_large,
                      "the input is too large: " + std::to_string(text.size())
                          + " bytes, the limit is "
                          + std::to_string(options.max_bytes * stream_factor));
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos)
    return std::vector<json_source>{};
  // JSON may hold anything in its strings.
  if (text[first] != '{')
    return is_utf8(text) ? split_yaml(text, options, doubles) : not_utf8();
  auto json = split_json(text, options);
  if (json)
    return json;
  // What begins with a brace may still be YAML's flow style.
  if (!is_utf8(text))
    return json;
  auto yaml = split_yaml(text, options, doubles);
  if (yaml)
    return yaml;
  return json;
}

} // namespace

expected<std::vector<json_source>> read_stream(std::string_view text,
                                               const read_options& options) {
  return read_all(text, options, false);
}

expected<std::vector<json_source>>
read_body_stream(std::string_view text, const read_options& options) {
  return read_all(text, options, true);
}

expected<std::vector<manifest>>
read_manifests(std::string_view text, const read_options& options,
               std::vector<std::string>* findings) {
  auto sources = read_stream(text, options);
  if (!sources)
    return sources.error();
  std::vector<manifest> result;
  for (auto& source : *sources)
    if (auto err = manifest_reader{source, findings, result}.read(
            {0, source.json}, options))
      return err;
  return result;
}

expected<std::vector<object>> read_yaml(std::string_view text,
                                        const read_options& options,
                                        std::vector<std::string>* findings) {
  auto manifests = read_manifests(text, options, findings);
  if (!manifests)
    return manifests.error();
  std::vector<object> result;
  result.reserve(manifests->size());
  for (auto& m : *manifests)
    result.push_back(std::move(m.value));
  return result;
}

caf::error read_yaml(std::string_view text, google::protobuf::Message& msg,
                     const read_options& options,
                     std::vector<std::string>* findings) {
  auto sources = read_stream(text, options);
  if (!sources)
    return sources.error();
  if (sources->size() != 1)
    return make_error(ec::bad_request, "expected one document, got "
                                           + std::to_string(sources->size()));
  auto& source = sources->front();
  return message_reader{source.json, options, findings, {&source.places, 0}}
      .read(msg);
}

} // namespace troupe::text
