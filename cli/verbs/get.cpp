#include "cli/commands.hpp"
#include "cli/resources.hpp"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/printing/table.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/custom_columns.hpp"
#include "runtime/text/json_path.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_writer.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <ostream>

namespace troupe::cli {

namespace {

struct get_command {
  std::vector<std::string> words;
  std::string output;
  std::string labels;
  std::string fields;
  std::string sort_by;
  std::vector<std::string> label_columns;
  bool all_namespaces = false;
  bool watch = false;
  bool watch_only = false;
  bool no_headers = false;
  bool show_labels = false;
  bool show_kind = false;
  bool ignore_not_found = false;
};

bool starts_with(const std::string& text, const std::string& start) {
  return text.rfind(start, 0) == 0;
}

/// One kind of what was asked for.
struct group {
  const kind_info* kind = nullptr;
  std::vector<std::string> names; ///< empty for all
  std::vector<object> found;
  uint64_t revision = 0;
};

std::vector<group> grouped(const resource_arguments& args) {
  std::vector<group> result;
  for (auto& item : args.items) {
    if (result.empty() || result.back().kind != item.kind) {
      result.emplace_back();
      result.back().kind = item.kind;
    }
    if (!item.name.empty())
      result.back().names.push_back(item.name);
  }
  return result;
}

class getter {
public:
  getter(get_command& cmd, environment& env) : cmd_(cmd), env_(env) {
    // nop
  }

  void run() {
    auto args = parse_resources(cmd_.words);
    if (!args) {
      env_.misuse(message_of(args.error()));
      return;
    }
    if (!check_output())
      return;
    groups_ = grouped(*args);
    if ((cmd_.watch || cmd_.watch_only) && groups_.size() != 1) {
      env_.misuse("you may only watch a single resource or type of resource "
                  "at a time");
      return;
    }
    client_ = env_.client();
    if (client_ == nullptr)
      return;
    for (auto& g : groups_)
      if (!fetch(g))
        return;
    if (!cmd_.watch_only)
      print_all();
    if ((cmd_.watch || cmd_.watch_only) && env_.code == done)
      follow(groups_.front());
  }

private:
  bool check_output() {
    auto& o = cmd_.output;
    if (o.empty() || o == "wide" || o == "yaml" || o == "json" || o == "name")
      return true;
    for (auto form : {"jsonpath=", "jsonpath-as-json=", "jsonpath-file=",
                      "custom-columns=", "custom-columns-file="}) {
      if (!starts_with(o, form))
        continue;
      auto spec = o.substr(std::string{form}.size());
      if (std::string{form}.find("-file") != std::string::npos) {
        std::ifstream in{spec};
        if (!in) {
          env_.misuse("error reading " + spec);
          return false;
        }
        spec.assign(std::istreambuf_iterator<char>(in), {});
      }
      return parse_form(form, spec);
    }
    env_.misuse("unable to match a printer suitable for the output format \""
                + o
                + "\", allowed formats are: "
                  "custom-columns,custom-columns-file,json,jsonpath,"
                  "jsonpath-as-json,jsonpath-file,name,wide,yaml");
    return false;
  }

  bool parse_form(const std::string& form, const std::string& spec) {
    caf::error bad;
    if (starts_with(form, "jsonpath")) {
      auto path = text::json_path::parse(spec);
      if (path)
        path_ = std::move(*path);
      else
        bad = path.error();
    } else {
      auto columns = text::custom_columns::parse(spec);
      if (columns)
        columns_ = std::move(*columns);
      else
        bad = columns.error();
    }
    if (bad)
      env_.misuse(message_of(bad));
    return !bad;
  }

  std::string ns_of(const kind_info& kind) {
    return kind.namespaced && !cmd_.all_namespaces ? env_.current_namespace()
                                                   : std::string{};
  }

  bool fetch(group& g) {
    if (g.names.empty()) {
      auto msg = about(call::LIST, *g.kind, ns_of(*g.kind));
      msg.set_label_selector(cmd_.labels);
      msg.set_field_selector(cmd_.fields);
      auto list = client_->ask(msg);
      if (!list) {
        env_.fail(list.error());
        return false;
      }
      g.found = list->objects;
      g.revision = list->revision();
      return true;
    }
    if (cmd_.all_namespaces) {
      env_.misuse("a resource cannot be retrieved by name across all "
                  "namespaces");
      return false;
    }
    if (!cmd_.labels.empty()) {
      env_.misuse("name cannot be provided when a selector is specified");
      return false;
    }
    for (auto& name : g.names) {
      auto one = client_->ask(about(call::GET, *g.kind, ns_of(*g.kind), name));
      if (one) {
        g.found.push_back(one->one());
        g.revision = one->revision();
      } else if (!cmd_.ignore_not_found || !is(one.error(), ec::not_found)) {
        env_.fail(one.error());
      }
    }
    return true;
  }

  void sort(std::vector<object>& found) {
    if (cmd_.sort_by.empty())
      return;
    auto spec = cmd_.sort_by;
    if (spec.front() != '{')
      spec = "{" + std::string{spec.front() == '.' ? "" : "."} + spec + "}";
    auto path = text::json_path::parse(spec);
    if (!path) {
      env_.misuse(message_of(path.error()));
      return;
    }
    std::vector<std::pair<text::document, object>> keyed;
    for (auto& x : found) {
      auto doc = text::to_document(x);
      auto values = path->find(doc);
      text::document key;
      if (values && !values->empty())
        key = values->front();
      keyed.emplace_back(std::move(key), x);
    }
    std::stable_sort(keyed.begin(), keyed.end(),
                     [](auto& a, auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < found.size(); ++i)
      found[i] = keyed[i].second;
  }

  printing::table_options options(const group& g) {
    printing::table_options result;
    result.now = real_world()->now();
    result.wide = cmd_.output == "wide";
    result.no_headers = cmd_.no_headers;
    result.with_namespace = cmd_.all_namespaces && g.kind->namespaced;
    result.with_kind = cmd_.show_kind || groups_.size() > 1;
    result.show_labels = cmd_.show_labels;
    result.label_columns = cmd_.label_columns;
    return result;
  }

  void print_all() {
    for (auto& g : groups_)
      sort(g.found);
    if (cmd_.output.empty() || cmd_.output == "wide") {
      print_tables();
      return;
    }
    if (cmd_.output == "name") {
      for (auto& g : groups_)
        for (auto& x : g.found)
          env_.out() << display_name(*g.kind, x.name()) << "\n";
      return;
    }
    std::vector<object> all;
    for (auto& g : groups_)
      all.insert(all.end(), g.found.begin(), g.found.end());
    auto single = groups_.size() == 1 && groups_.front().names.size() == 1;
    if (single && all.empty())
      return;
    print_document(single ? text::to_document(all.front()) : list_of(all));
  }

  void print_tables() {
    bool any = false;
    bool first = true;
    for (auto& g : groups_) {
      if (g.found.empty())
        continue;
      any = true;
      if (!first && !cmd_.no_headers)
        env_.out() << "\n";
      first = false;
      env_.out() << layout_.add(printing::print_table(g.found, options(g)));
    }
    if (any || env_.code != done || cmd_.ignore_not_found)
      return;
    auto& kind = *groups_.front().kind;
    if (kind.namespaced && !cmd_.all_namespaces)
      env_.err() << "No resources found in " << env_.current_namespace()
                 << " namespace.\n";
    else
      env_.err() << "No resources found\n";
  }

  /// The list that kubectl makes of what it found.
  text::document list_of(const std::vector<object>& all) {
    text::document list{{"apiVersion", "v1"},
                        {"kind", "List"},
                        {"metadata", {{"resourceVersion", ""}}},
                        {"items", text::document::array()}};
    for (auto& x : all)
      list["items"].push_back(text::to_document(x));
    return list;
  }

  void print_document(const text::document& doc) {
    if (cmd_.output == "yaml")
      env_.out() << text::print_yaml(doc);
    else if (cmd_.output == "json")
      env_.out() << text::print_pretty_json(doc);
    else if (path_)
      print_path(doc);
    else
      print_columns(doc);
  }

  void print_path(const text::document& doc) {
    if (starts_with(cmd_.output, "jsonpath-as-json")) {
      auto values = path_->find(doc);
      if (values)
        env_.out() << text::print_pretty_json(text::document(*values));
      else
        env_.fail(values.error());
      return;
    }
    auto shown = path_->print(doc);
    if (shown)
      env_.out() << *shown;
    else
      env_.fail(shown.error());
  }

  void print_columns(const text::document& doc) {
    printing::table table;
    if (!cmd_.no_headers && !columns_shown_)
      table.header = columns_->headers();
    columns_shown_ = true;
    auto add = [&](const text::document& one) {
      auto row = columns_->row(one);
      if (row)
        table.rows.push_back(std::move(*row));
      else
        env_.fail(row.error());
    };
    if (doc.value("kind", "") == "List")
      for (auto& one : doc["items"])
        add(one);
    else
      add(doc);
    env_.out() << layout_.add(table);
  }

  void show_change(const group& g, const object& x) {
    if (cmd_.output.empty() || cmd_.output == "wide") {
      auto o = options(g);
      o.no_headers = o.no_headers || !first_change_ || !cmd_.watch_only;
      first_change_ = false;
      env_.out() << layout_.add(printing::print_table({&x, 1}, o));
    } else if (cmd_.output == "name") {
      env_.out() << display_name(*g.kind, x.name()) << "\n";
    } else {
      if (cmd_.output == "yaml")
        env_.out() << "---\n";
      print_document(text::to_document(x));
    }
    env_.out().flush();
  }

  void follow(const group& g) {
    env_.out().flush();
    selection what{g.kind, ns_of(*g.kind), cmd_.labels, cmd_.fields};
    if (g.names.size() == 1)
      what.field_selector = "metadata.name=" + g.names.front();
    auto from = g.revision;
    while (true) {
      auto err =
          client_->watch(what, std::to_string(from), [&](const changes& batch) {
            for (auto& c : batch.items)
              show_change(g, c.what);
            from = std::max(from, batch.revision);
            return env_.out().good();
          });
      if (!err)
        return;
      env_.fail(err);
      return;
    }
  }

  get_command& cmd_;
  environment& env_;
  command_client* client_ = nullptr;
  std::vector<group> groups_;
  std::optional<text::json_path> path_;
  std::optional<text::custom_columns> columns_;
  bool columns_shown_ = false;
  bool first_change_ = true;
  printing::table_layout layout_;
};

} // namespace

void add_get(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<get_command>();
  auto* sub = app.add_subcommand("get", "Show one or many objects");
  sub->add_option("WHAT", cmd->words, "KIND [NAME...], or KIND/NAME...");
  sub->add_option("-o,--output", cmd->output,
                  "wide, yaml, json, name, jsonpath=, custom-columns=");
  sub->add_option("-l,--selector", cmd->labels, "Label selector");
  sub->add_option("--field-selector", cmd->fields, "Field selector");
  sub->add_option("--sort-by", cmd->sort_by, "JSONPath to sort by");
  sub->add_option("-L,--label-columns", cmd->label_columns,
                  "Labels shown as columns")
      ->delimiter(',');
  sub->add_flag("-A,--all-namespaces", cmd->all_namespaces,
                "In all namespaces");
  sub->add_flag("-w,--watch", cmd->watch, "Then show what changes");
  sub->add_flag("--watch-only", cmd->watch_only, "Show only what changes");
  sub->add_flag("--no-headers", cmd->no_headers, "No header line");
  sub->add_flag("--show-labels", cmd->show_labels, "Labels as last column");
  sub->add_flag("--show-kind", cmd->show_kind, "Names with their kind");
  sub->add_flag("--ignore-not-found", cmd->ignore_not_found,
                "No error when it does not exist");
  sub->callback([cmd, &env] { getter{*cmd, env}.run(); });
}

} // namespace troupe::cli
