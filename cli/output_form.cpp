#include "cli/output_form.hpp"

#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_writer.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <ostream>

namespace troupe::cli {

namespace {

using kind = output_form::kind;

struct plain_word {
  const char* word;
  kind what;
};
constexpr plain_word plain_words[] = {{"", kind::usual},
                                      {"wide", kind::wide},
                                      {"name", kind::name},
                                      {"yaml", kind::yaml},
                                      {"json", kind::json}};

struct form_word {
  const char* word;
  kind what;
  bool file; ///< what follows names a file that holds the form
};
constexpr form_word form_words[] = {
    {"go-template=", kind::filled_in, false},
    {"template=", kind::filled_in, false},
    {"go-template-file=", kind::filled_in, true},
    {"templatefile=", kind::filled_in, true},
    {"jsonpath=", kind::path, false},
    {"jsonpath-as-json=", kind::path_as_json, false},
    {"jsonpath-file=", kind::path, true},
    {"custom-columns=", kind::columns, false},
    {"custom-columns-file=", kind::columns, true}};

caf::error wrong(std::string what) {
  return make_error(ec::bad_request, std::move(what));
}

} // namespace

std::string with_template(const std::string& output, const std::string& given) {
  if (given.empty())
    return output;
  // What stands behind = wins, as with kubectl.
  if (output.find('=') != std::string::npos)
    return output;
  return (output.empty() ? "go-template" : output) + "=" + given;
}

expected<output_form> output_form::parse(const std::string& word) {
  output_form result;
  for (auto& x : form_words)
    if (word + "=" == x.word)
      return wrong("template format specified but no template given");
  for (auto& x : plain_words)
    if (word == x.word) {
      result.what_ = x.what;
      return {std::move(result)};
    }
  for (auto& x : form_words) {
    if (word.rfind(x.word, 0) != 0)
      continue;
    auto form = word.substr(std::string{x.word}.size());
    if (form.empty())
      return wrong("template format specified but no template given");
    if (x.file) {
      std::ifstream in{form};
      if (!in)
        return wrong("error reading " + form + ": no such file or directory");
      form.assign(std::istreambuf_iterator<char>(in), {});
    }
    result.what_ = x.what;
    if (x.what == kind::columns) {
      auto columns = text::custom_columns::parse(form);
      if (!columns)
        return columns.error();
      result.columns_ = std::move(*columns);
    } else if (x.what == kind::filled_in) {
      auto filled_in = text::go_template::parse(form);
      if (!filled_in)
        return wrong("error parsing template " + form + ": "
                     + message_of(filled_in.error()));
      result.template_ = std::move(*filled_in);
    } else {
      auto path = text::json_path::parse(form);
      if (!path)
        return path.error();
      result.path_ = std::move(*path);
    }
    return {std::move(result)};
  }
  return wrong("unable to match a printer suitable for the output format \""
               + word
               + "\", allowed formats are: custom-columns,custom-columns-file,"
                 "go-template,go-template-file,json,jsonpath,jsonpath-as-json,"
                 "jsonpath-file,name,template,templatefile,wide,yaml");
}

caf::error output_form::print(const text::document& doc, bool no_headers,
                              std::ostream& out) {
  if (what_ == kind::yaml) {
    out << text::print_yaml(doc);
  } else if (what_ == kind::json) {
    out << text::print_pretty_json(doc);
  } else if (what_ == kind::columns) {
    return print_columns(doc, no_headers, out);
  } else if (what_ == kind::path_as_json) {
    auto values = path_->find(doc);
    if (!values)
      return values.error();
    out << text::print_pretty_json(text::document(*values));
  } else if (what_ == kind::filled_in) {
    auto shown = template_->print(doc);
    if (!shown)
      return wrong("error executing template: " + message_of(shown.error()));
    out << *shown;
  } else if (what_ == kind::path) {
    auto shown = path_->print(doc);
    if (!shown)
      return shown.error();
    out << *shown;
  }
  return caf::none;
}

caf::error output_form::print_columns(const text::document& doc,
                                      bool no_headers, std::ostream& out) {
  printing::table table;
  if (!no_headers && !columns_shown_)
    table.header = columns_->headers();
  columns_shown_ = true;
  caf::error failed;
  auto add = [&](const text::document& one) {
    auto row = columns_->row(one);
    if (row)
      table.rows.push_back(std::move(*row));
    else
      failed = row.error();
  };
  if (doc.value("kind", "") == "List")
    for (auto& one : doc["items"])
      add(one);
  else
    add(doc);
  out << layout_.add(table);
  return failed;
}

} // namespace troupe::cli
