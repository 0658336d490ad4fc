#include "runtime/apply/configuration.hpp"
#include "runtime/text/go_text.hpp"
#include "runtime/text/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace troupe::apply {

using text::document;

namespace {

/// Go's %#v of a value that came from JSON.
std::string go_syntax(const document& value) {
  if (value.is_null())
    return "interface {}(nil)";
  if (value.is_string()) {
    std::string out;
    text::append_json_string(out, value.get_ref<const std::string&>());
    return out;
  }
  if (!value.is_structured())
    return text::print_json(value);
  std::string out =
      value.is_array() ? "[]interface {}{" : "map[string]interface {}{";
  auto first = true;
  for (auto& [name, item] : value.items()) {
    out += first ? "" : ", ";
    first = false;
    if (value.is_object())
      out += go_syntax(document(name)) + ":";
    out += go_syntax(item);
  }
  return out + "}";
}

class checker {
public:
  checker(bool duplicates) : duplicates_(duplicates) {
    // nop
  }

  std::vector<std::string> problems;

  void value(const document& x, const shape& of) {
    if (x.is_null())
      return;
    switch (of.json_form()) {
      case shape::form::scalar:
        scalar(x, of);
        break;
      case shape::form::record:
      case shape::form::map:
        record(x, of);
        break;
      case shape::form::list:
        list(x, of);
        break;
      case shape::form::free:
        break;
    }
  }

private:
  void note(const std::string& why) {
    problems.push_back(at_.empty() ? why : to_string(at_) + ": " + why);
  }

  void scalar(const document& x, const shape& of) {
    if (of.field == nullptr && of.type == nullptr)
      return wanted(x.is_string(), "string", x);
    switch (scalar_of(of)) {
      case scalar_type::text:
        return wanted(x.is_string(), "string", x);
      case scalar_type::number:
        return wanted(x.is_number(), "numeric (int or float)", x);
      case scalar_type::truth:
        return wanted(x.is_boolean(), "boolean", x);
      case scalar_type::any:
        break;
    }
  }

  void wanted(bool holds, const char* what, const document& x) {
    if (!holds)
      note(std::string{"expected "} + what
           + ", got &value.valueUnstructured{Value:" + go_syntax(x) + "}");
  }

  void record(const document& x, const shape& of) {
    if (!x.is_object())
      return note("expected map, got &{" + go_text(x) + "}");
    for (auto& [name, item] : x.items()) {
      at_.push_back(field_element(name));
      auto known = member(name, item, of);
      at_.pop_back();
      if (!known)
        return;
    }
  }

  /// Kubernetes: the first member that nobody knows ends the record.
  bool member(const std::string& name, const document& item, const shape& of) {
    if (of.json_form() == shape::form::map) {
      value(item, item_shape(of));
      return true;
    }
    if (auto* found = members_of(*of.type).find(name)) {
      value(item, found->how);
      return true;
    }
    if (at_.size() == 1 && (name == "apiVersion" || name == "kind")) {
      value(item, {});
      return true;
    }
    note("field not declared in schema");
    return false;
  }

  void list(const document& x, const shape& of) {
    if (!x.is_array())
      return note("expected list, got &{" + go_text(x) + "}");
    std::set<std::string> seen;
    auto told = of.how == merging::set || of.how == merging::keyed;
    for (size_t i = 0; i < x.size(); ++i) {
      auto element = told ? item_element(x[i], of) : "i:" + std::to_string(i);
      if (element.empty()) {
        note("element " + std::to_string(i) + ": " + nameless(x[i], of));
        continue;
      }
      if (told && !seen.insert(element).second && !duplicates_)
        note("duplicate entries for key " + to_string({element}));
      at_.push_back(element);
      value(x[i], item_shape(of));
      at_.pop_back();
    }
  }

  static std::string nameless(const document& item, const shape& of) {
    if (of.how == merging::set)
      return item.is_null()
                 ? "associative list without keys has an element that's an "
                   "explicit null"
             : item.is_array()
                 ? "not supported: associative list with lists as elements"
                 : "associative list without keys has an element that's a map "
                   "type";
    if (item.is_null())
      return "associative list with keys may not have a null element";
    if (!item.is_object())
      return "associative list with keys may not have non-map elements";
    for (auto& name : keys_of(of))
      if (!item.contains(name) && !key_default(of, name))
        return "associative list with keys has an element that omits key field "
               "\""
               + name + "\" (and doesn't have default value)";
    return {};
  }

  bool duplicates_;
  path at_;
};

} // namespace

std::vector<std::string> check(const document& doc, const message_info& type,
                               bool duplicates) {
  checker run{duplicates};
  run.value(doc, object_shape(type));
  return std::move(run.problems);
}

std::string summary(const std::vector<std::string>& problems) {
  if (problems.size() == 1)
    return problems.front();
  std::string result = "errors:";
  for (auto& each : problems)
    result += "\n  " + each;
  return result;
}

std::string go_text(const document& value) {
  return text::go_text(value);
}

} // namespace troupe::apply
