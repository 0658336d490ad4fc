#include "runtime/text/document.hpp"

#include "runtime/text/json_scanner.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace troupe::text {

namespace {

/// Builds a tree from the tokens of a scanner.
class tree_reader {
public:
  tree_reader(std::string_view text, const read_options& options,
              std::vector<std::string>* findings)
      : in_(text, options.max_depth), findings_(findings) {
    // nop
  }

  expected<document> read() {
    document result;
    if (value(result) && in_.finish())
      return result;
    auto at = place_of(in_.text(), in_.offset());
    return make_error(ec::bad_request,
                      "invalid JSON at line " + std::to_string(at.line)
                          + ", column " + std::to_string(at.column) + ": "
                          + in_.failure());
  }

private:
  bool value(document& out) {
    switch (in_.peek()) {
      case json_type::object:
        return object_value(out);
      case json_type::array:
        return array_value(out);
      case json_type::string:
        out = document::value_t::string;
        return in_.read_string(out.get_ref<std::string&>());
      case json_type::number:
        return number_value(out);
      case json_type::boolean:
        out = false;
        return in_.read_boolean(out.get_ref<bool&>());
      case json_type::null:
        out = nullptr;
        return in_.read_null();
      case json_type::none:
        break;
    }
    return in_.skip();
  }

  bool object_value(document& out) {
    out = document::object();
    if (!in_.enter_object())
      return false;
    std::string key;
    while (in_.next_key(key)) {
      auto before = path_.size();
      path_ += (path_.empty() ? "" : ".") + key;
      if (out.contains(key))
        note_duplicate();
      if (!value(out[key]))
        return false;
      path_.resize(before);
    }
    return !in_.failed();
  }

  void note_duplicate() {
    if (findings_ == nullptr || findings_->size() >= 100)
      return;
    auto found = "duplicate field \"" + path_ + "\"";
    // Each is told once.
    if (std::find(findings_->begin(), findings_->end(), found)
        == findings_->end())
      findings_->push_back(std::move(found));
  }

  bool array_value(document& out) {
    out = document::array();
    if (!in_.enter_array())
      return false;
    for (size_t i = 0; in_.next_element(); ++i) {
      auto before = path_.size();
      path_ += "[" + std::to_string(i) + "]";
      if (!value(out.emplace_back()))
        return false;
      path_.resize(before);
    }
    return !in_.failed();
  }

  bool number_value(document& out) {
    std::string_view digits;
    if (!in_.read_number(digits))
      return false;
    auto begin = digits.data();
    auto end = begin + digits.size();
    int64_t integer = 0;
    if (auto r = std::from_chars(begin, end, integer);
        r.ptr == end && r.ec == std::errc{}) {
      out = integer;
      return true;
    }
    uint64_t natural = 0;
    if (auto r = std::from_chars(begin, end, natural);
        r.ptr == end && r.ec == std::errc{}) {
      out = natural;
      return true;
    }
    double real = 0;
    if (std::from_chars(begin, end, real).ec != std::errc{})
      return in_.fail("number " + std::string{digits.substr(0, 64)}
                      + " is out of range");
    out = real;
    return true;
  }

  json_scanner in_;
  std::vector<std::string>* findings_;
  std::string path_;
};

void append(std::string& out, const document& x) {
  auto first = true;
  auto separate = [&] {
    if (!first)
      out += ',';
    first = false;
  };
  switch (x.type()) {
    case document::value_t::object:
      out += '{';
      for (auto& [key, value] : x.items()) {
        separate();
        append_json_string(out, key);
        out += ':';
        append(out, value);
      }
      out += '}';
      break;
    case document::value_t::array:
      out += '[';
      for (auto& value : x) {
        separate();
        append(out, value);
      }
      out += ']';
      break;
    case document::value_t::string:
      append_json_string(out, x.get_ref<const std::string&>());
      break;
    case document::value_t::number_float:
      append_json_number(out, x.get<double>());
      break;
    default:
      out += x.dump();
  }
}

document own_tree(const std::string& json) {
  // Of our own making, and as deep as the object that it came from.
  read_options options;
  options.max_depth = 2000;
  auto result = tree_reader{json, options, nullptr}.read();
  return result ? std::move(*result) : document{};
}

} // namespace

expected<document> parse_json(std::string_view text,
                              const read_options& options,
                              std::vector<std::string>* findings) {
  if (text.size() > options.max_bytes)
    return make_error(ec::too_large,
                      "the text is too large: " + std::to_string(text.size())
                          + " bytes, the limit is "
                          + std::to_string(options.max_bytes));
  return tree_reader{text, options, findings}.read();
}

expected<document> parse_yaml(std::string_view text,
                              const read_options& options) {
  auto sources = read_stream(text, options);
  if (!sources)
    return sources.error();
  if (sources->size() != 1)
    return make_error(ec::bad_request, "expected one document, got "
                                           + std::to_string(sources->size()));
  return parse_json(sources->front().json, options);
}

document to_document(const object& x) {
  return own_tree(to_json(x));
}

document to_document(const google::protobuf::Message& msg) {
  return own_tree(to_json(msg));
}

expected<object> from_document(const document& doc, const read_options& options,
                               std::vector<std::string>* findings) {
  return read_json(print_json(doc), options, findings);
}

caf::error from_document(const document& doc, google::protobuf::Message& msg,
                         const read_options& options,
                         std::vector<std::string>* findings) {
  return read_json(print_json(doc), msg, options, findings);
}

std::string print_json(const document& doc) {
  std::string out;
  append(out, doc);
  return out;
}

} // namespace troupe::text
