#include "runtime/printing/explain.hpp"

#include "messages/comments.hpp"
#include "messages/fields.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace troupe::printing {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr size_t line_length = 76;

/// Lines of at most `line_length`, each behind `indent`.
std::string wrapped(const std::string& text, const std::string& indent) {
  std::string out, line = indent;
  std::istringstream in{text};
  for (std::string word; in >> word;) {
    if (line.size() > indent.size()
        && line.size() + 1 + word.size() > line_length) {
      out += line + "\n";
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + word;
  }
  return line.size() > indent.size() ? out + line + "\n" : out;
}

/// The name of a message type, or what its JSON is when that is no object.
std::string type_name(const message_info& type) {
  switch (type.form) {
    case api::TIME:
    case api::MICRO_TIME:
    case api::DURATION:
      return "string";
    case api::STRING_LIST:
      return "[]string";
    case api::RAW_JSON:
      return "Object";
    default:
      return type.descriptor->name();
  }
}

std::string scalar_name(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "boolean";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "number";
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_ENUM:
      return "string";
    default:
      return "integer";
  }
}

/// "string", "[]Container", "map[string]string".
std::string type_of(const field_info& field) {
  auto* type = field.type();
  auto* value = field.descriptor;
  if (field.is_map())
    value = value->message_type()->FindFieldByNumber(2);
  auto name = type != nullptr ? type_name(*type) : scalar_name(*value);
  return field.is_map()    ? "map[string]" + name
         : field.is_list() ? "[]" + name
                           : name;
}

/// Whether there are fields of a message to tell of.
const message_info* below(const field_info& field) {
  auto* type = field.type();
  return type != nullptr && type->form == api::OBJECT && !type->members.empty()
             ? type
             : nullptr;
}

/// A row of FIELDS.
struct row {
  std::string type;
  std::string description;
  bool required = false;
  std::vector<std::string> values;
  std::string fallback;
  const message_info* type_below = nullptr;
};

row row_of(const field_info& field) {
  row result;
  result.type = type_of(field);
  result.description = comment_of(field.descriptor->full_name());
  result.required = field.required;
  result.values = field.values;
  result.fallback = field.fallback;
  result.type_below = below(field);
  // What is said of the type itself helps where the field says nothing.
  if (result.description.empty() && result.type_below != nullptr)
    result.description = comment_of(result.type_below->descriptor->full_name());
  return result;
}

std::map<std::string, row> rows_of(const message_info& type, bool is_kind) {
  std::map<std::string, row> result;
  for (auto& [name, member] : type.members)
    result.emplace(name, row_of(*member.field));
  if (is_kind) {
    result["apiVersion"] = {
        "string", "Group and version of the kind.", false, {}, {}, nullptr};
    result["kind"] = {"string", "What the object is.", false, {}, {}, nullptr};
  }
  return result;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (auto& x : list)
    out += (out.empty() ? "" : ", ") + x;
  return out;
}

std::string head_line(const std::string& name, const row& x,
                      const std::string& indent) {
  return indent + name + "\t<" + x.type + ">"
         + (x.required ? " -required-" : "") + "\n";
}

std::string told(const std::map<std::string, row>& rows) {
  std::string out = "FIELDS:\n";
  for (auto& [name, x] : rows) {
    out += head_line(name, x, "  ");
    if (!x.values.empty())
      out += "  enum: " + joined(x.values) + "\n";
    if (!x.fallback.empty())
      out += "  default: " + x.fallback + "\n";
    out += wrapped(x.description, "    ") + "\n";
  }
  return out;
}

/// Names only, of everything below. Types that contain themselves are entered
/// once on each way down.
void name_all(const message_info& type, bool is_kind, const std::string& indent,
              std::set<const message_info*>& above, std::string& out) {
  if (!above.insert(&type).second)
    return;
  for (auto& [name, x] : rows_of(type, is_kind)) {
    out += head_line(name, x, indent);
    if (x.type_below != nullptr)
      name_all(*x.type_below, false, indent + "  ", above, out);
  }
  above.erase(&type);
}

} // namespace

expected<std::string> explain(const kind_info& kind,
                              const std::vector<std::string>& path,
                              bool recursive) {
  auto* type = &message_info_of(kind.descriptor());
  auto is_kind = true;
  row here;
  here.description = comment_of(kind.descriptor()->full_name());
  here.type_below = type;
  for (auto& name : path) {
    auto rows = type != nullptr ? rows_of(*type, is_kind)
                                : std::map<std::string, row>{};
    auto found = rows.find(name);
    if (found == rows.end())
      return make_error(ec::bad_request,
                        "field \"" + name + "\" does not exist");
    here = found->second;
    type = here.type_below;
    is_kind = false;
  }
  std::string out;
  if (!kind.group.empty())
    out += "GROUP:      " + std::string{kind.group} + "\n";
  out += "KIND:       " + std::string{kind.kind} + "\n";
  out += "VERSION:    " + std::string{kind.version} + "\n\n";
  if (!path.empty())
    out += "FIELD: " + path.back() + " <" + here.type + ">"
           + (here.required ? " -required-" : "") + "\n\n";
  if (!here.values.empty())
    out += "ENUM:\n" + wrapped(joined(here.values), "    ") + "\n";
  if (!here.fallback.empty())
    out += "DEFAULT:\n    " + here.fallback + "\n\n";
  out += "DESCRIPTION:\n"
         + (here.description.empty() ? std::string{"    <empty>\n"}
                                     : wrapped(here.description, "    "));
  if (type == nullptr)
    return out + "\n";
  if (!recursive)
    return out + "\n" + told(rows_of(*type, is_kind));
  out += "\nFIELDS:\n";
  std::set<const message_info*> above;
  name_all(*type, is_kind, "  ", above, out);
  return out;
}

} // namespace troupe::printing
