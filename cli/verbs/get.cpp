#include "cli/commands.hpp"
#include "cli/output_form.hpp"
#include "cli/resources.hpp"
#include "messages/api/meta.pb.h"
#include "runtime/printing/table.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/json_path.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace troupe::cli {

namespace {

struct get_command {
  std::vector<std::string> words;
  std::vector<std::string> files;
  std::string output;
  std::string labels;
  std::string fields;
  std::string sort_by;
  std::string subresource;
  std::vector<std::string> label_columns;
  uint64_t as_of = 0; ///< revision; 0 for the present
  bool recursive = false;
  bool all_namespaces = false;
  std::string filled_in; ///< --template
  bool watch = false;
  bool watch_only = false;
  bool watch_events = false;
  bool no_headers = false;
  bool show_labels = false;
  bool show_kind = false;
  bool show_managed_fields = false;
  bool ignore_not_found = false;
};

/// One kind of what was asked for.
struct group {
  const kind_info* kind = nullptr;
  std::string ns;                 ///< "" for all
  std::vector<std::string> names; ///< empty for all
  std::vector<object> found;
  uint64_t revision = 0;
};

class getter {
public:
  getter(get_command& cmd, environment& env) : cmd_(cmd), env_(env) {
    // nop
  }

  void run() {
    if (!read_words() || !check_flags())
      return;
    client_ = env_.client();
    if (client_ == nullptr)
      return;
    for (auto& g : groups_)
      if (!fetch(g))
        return;
    if (!cmd_.watch_only && !print_all())
      return;
    if ((cmd_.watch || cmd_.watch_only) && env_.code == done)
      follow(groups_.front());
  }

private:
  bool misuse(const std::string& what) {
    env_.misuse(what);
    return false;
  }

  void add(const kind_info& kind, const std::string& ns,
           const std::string& name) {
    if (groups_.empty() || groups_.back().kind != &kind
        || groups_.back().ns != ns)
      groups_.push_back({&kind, ns, {}, {}, 0});
    if (!name.empty())
      groups_.back().names.push_back(name);
  }

  /// Finds out which kinds and names are meant.
  bool read_words() {
    if (!cmd_.files.empty()) {
      if (!cmd_.words.empty())
        return misuse("when paths or stdin is provided as input, you may not "
                      "specify resource arguments as well");
      auto sources = read_manifests(cmd_.files, cmd_.recursive, true, env_);
      if (!sources) {
        env_.fail(sources.error());
        return false;
      }
      for (auto& s : *sources)
        add(s.value.kind(),
            s.value.ns().empty() ? ns_of(s.value.kind()) : s.value.ns(),
            s.value.name());
      return true;
    }
    auto args = parse_resources(cmd_.words);
    if (!args)
      return misuse(message_of(args.error()));
    for (auto& item : args->items)
      add(*item.kind, ns_of(*item.kind), item.name);
    return true;
  }

  bool check_flags() {
    auto form = output_form::parse(with_template(cmd_.output, cmd_.filled_in));
    if (!form)
      return misuse(message_of(form.error()));
    form_ = std::move(*form);
    auto named = std::any_of(groups_.begin(), groups_.end(),
                             [](auto& g) { return !g.names.empty(); });
    if ((cmd_.watch || cmd_.watch_only)
        && (groups_.size() != 1 || groups_.front().names.size() > 1))
      return misuse("you may only watch a single resource or type of resource "
                    "at a time");
    if (cmd_.watch_events && !cmd_.watch && !cmd_.watch_only)
      return misuse("--output-watch-events option can only be used with "
                    "--watch or --watch-only");
    if (named && cmd_.all_namespaces)
      return misuse("a resource cannot be retrieved by name across all "
                    "namespaces");
    if (cmd_.as_of != 0 && (cmd_.watch || cmd_.watch_only))
      return misuse("--as-of shows one moment, and nothing to watch");
    if (cmd_.as_of != 0 && !cmd_.subresource.empty())
      return misuse("subresources are not kept: --as-of shows whole objects");
    if (named && (!cmd_.labels.empty() || !cmd_.fields.empty()))
      return misuse("name cannot be provided when a selector is specified");
    if (!named && !cmd_.subresource.empty())
      return misuse("subresource cannot be used when bulk resources are "
                    "specified");
    return cmd_.sort_by.empty() || read_sort_key();
  }

  bool read_sort_key() {
    auto path = text::json_path::parse_relaxed(cmd_.sort_by);
    if (!path)
      return misuse(message_of(path.error()));
    sort_key_ = std::move(*path);
    return true;
  }

  std::string ns_of(const kind_info& kind) {
    return kind.namespaced && !cmd_.all_namespaces ? env_.current_namespace()
                                                   : std::string{};
  }

  call::Request list_of(const group& g) const {
    auto msg = about(call::LIST, *g.kind, g.ns);
    if (cmd_.as_of != 0) {
      msg.set_resource_version(std::to_string(cmd_.as_of));
      msg.set_resource_version_match("Exact");
    }
    return msg;
  }

  /// One object as it was: the list of that moment has it, or it was not there.
  expected<answer> ask_as_of(const group& g, const std::string& name) {
    auto msg = list_of(g);
    msg.set_field_selector("metadata.name=" + name);
    auto list = client_->ask(msg);
    if (list && list->objects.empty())
      return make_error(ec::not_found, std::string{g.kind->plural} + " \""
                                           + name + "\" not found");
    return list;
  }

  bool fetch(group& g) {
    if (g.names.empty()) {
      auto msg = list_of(g);
      msg.set_label_selector(cmd_.labels);
      msg.set_field_selector(cmd_.fields);
      auto list = client_->ask(msg);
      if (!list) {
        env_.refused(list.error());
        return false;
      }
      g.found = list->objects;
      g.revision = list->revision();
      return true;
    }
    for (auto& name : g.names) {
      auto msg = about(call::GET, *g.kind, g.ns, name);
      msg.set_subresource(cmd_.subresource);
      auto one = cmd_.as_of != 0 ? ask_as_of(g, name) : client_->ask(msg);
      if (one) {
        g.found.push_back(one->one());
        g.revision = one->revision();
      } else if (!cmd_.ignore_not_found || !is(one.error(), ec::not_found)) {
        env_.refused(one.error());
      }
    }
    return true;
  }

  /// False when nothing has the field to sort by.
  bool sort(std::vector<object>& found) {
    if (!sort_key_ || found.empty())
      return true;
    std::vector<std::pair<text::document, object>> keyed;
    bool any = false;
    for (auto& x : found) {
      auto values = sort_key_->find(text::to_document(x));
      auto has = values && !values->empty();
      any = any || has;
      keyed.emplace_back(has ? values->front() : text::document{}, x);
    }
    if (!any) {
      env_.fail(make_error(ec::bad_request,
                           "couldn't find any field with path \"" + cmd_.sort_by
                               + "\" in the list of objects"));
      return false;
    }
    std::stable_sort(keyed.begin(), keyed.end(),
                     [](auto& a, auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < found.size(); ++i)
      found[i] = keyed[i].second;
    return true;
  }

  printing::table_options options(const group& g) {
    printing::table_options result;
    result.now = real_world()->now();
    result.wide = form_.what() == output_form::kind::wide;
    result.no_headers = cmd_.no_headers;
    result.with_namespace = cmd_.all_namespaces && g.kind->namespaced;
    result.with_kind = cmd_.show_kind || groups_.size() > 1;
    result.show_labels = cmd_.show_labels;
    result.label_columns = cmd_.label_columns;
    return result;
  }

  text::document document_of(const object& x) const {
    auto doc = text::to_document(x);
    // As kubectl does: who asks for a path may ask for them.
    auto whole = form_.what() == output_form::kind::yaml
                 || form_.what() == output_form::kind::json;
    if (whole && !cmd_.show_managed_fields && doc.contains("metadata"))
      doc["metadata"].erase("managedFields");
    return doc;
  }

  void print(const text::document& doc) {
    if (auto err = form_.print(doc, cmd_.no_headers, env_.out()))
      env_.fail(err);
  }

  /// One of several documents.
  void print_one(const text::document& doc) {
    if (form_.what() == output_form::kind::yaml && !first_document_)
      env_.out() << "---\n";
    first_document_ = false;
    print(doc);
  }

  /// Returns whether there is more to do.
  bool print_all() {
    for (auto& g : groups_)
      if (!sort(g.found))
        return false;
    if (cmd_.watch_events) {
      for (auto& x : groups_.front().found)
        show_change(groups_.front(), {change_type::added, x});
      return true;
    }
    if (form_.is_table()) {
      print_tables();
    } else if (form_.what() == output_form::kind::name) {
      for (auto& g : groups_)
        for (auto& x : g.found)
          env_.out() << display_name(*g.kind, x.name()) << "\n";
    } else {
      print_documents();
    }
    return true;
  }

  void print_documents() {
    std::vector<object> all;
    size_t names = 0;
    for (auto& g : groups_) {
      all.insert(all.end(), g.found.begin(), g.found.end());
      names += g.names.empty() ? 2 : g.names.size();
    }
    if (names == 1) {
      if (!all.empty())
        print(document_of(all.front()));
      return;
    }
    // A watch goes on with one after the other.
    if (cmd_.watch) {
      for (auto& x : all)
        print_one(document_of(x));
      return;
    }
    // Errors were told; what is there is shown all the same.
    text::document list{{"apiVersion", "v1"},
                        {"kind", "List"},
                        {"metadata", {{"resourceVersion", ""}}},
                        {"items", text::document::array()}};
    for (auto& x : all)
      list["items"].push_back(document_of(x));
    print(list);
  }

  void print_tables() {
    bool any = false;
    for (auto& g : groups_) {
      if (g.found.empty())
        continue;
      if (any && !cmd_.no_headers)
        env_.out() << "\n";
      any = true;
      env_.out() << printing::to_text(
          printing::print_table(g.found, options(g)));
    }
    // A watch goes on below in the same columns.
    if (any && (cmd_.watch || cmd_.watch_only))
      layout_.add(printing::print_table(groups_.front().found,
                                        options(groups_.front())));
    if (any || env_.code != done || cmd_.ignore_not_found || cmd_.watch)
      return;
    auto& kind = *groups_.front().kind;
    if (kind.namespaced && !cmd_.all_namespaces)
      env_.err() << "No resources found in " << env_.current_namespace()
                 << " namespace.\n";
    else
      env_.err() << "No resources found\n";
  }

  void show_change(const group& g, const change& c) {
    const char* words[] = {"ADDED", "MODIFIED", "DELETED"};
    auto word = words[static_cast<size_t>(c.type)];
    if (form_.is_table()) {
      auto o = options(g);
      o.no_headers = o.no_headers || header_shown_;
      auto table = printing::print_table({&c.what, 1}, o);
      if (cmd_.watch_events) {
        if (!table.header.empty())
          table.header.insert(table.header.begin(), "EVENT");
        for (auto& row : table.rows)
          row.insert(row.begin(), word);
      }
      header_shown_ = true;
      env_.out() << layout_.add(table);
    } else if (form_.what() == output_form::kind::name) {
      env_.out() << display_name(*g.kind, c.what.name()) << "\n";
    } else {
      auto doc = document_of(c.what);
      print_one(cmd_.watch_events
                    ? text::document{{"type", word}, {"object", doc}}
                    : doc);
    }
    env_.out().flush();
  }

  void follow(const group& g) {
    env_.out().flush();
    header_shown_ = header_shown_ || (!cmd_.watch_only && !g.found.empty());
    selection what{g.kind, g.ns, cmd_.labels, cmd_.fields};
    if (g.names.size() == 1)
      what.field_selector = "metadata.name=" + g.names.front();
    auto err = client_->watch(
        what, std::to_string(g.revision),
        [&](const changes& batch) {
          for (auto& c : batch.items)
            show_change(g, c);
          return env_.out().good();
        },
        std::chrono::hours(24 * 365), g.found);
    if (err)
      env_.fail(err);
  }

  get_command& cmd_;
  environment& env_;
  command_client* client_ = nullptr;
  std::vector<group> groups_;
  output_form form_;
  std::optional<text::json_path> sort_key_;
  bool header_shown_ = false;
  bool first_document_ = true;
  printing::table_layout layout_;
};

} // namespace

void add_get(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<get_command>();
  auto* sub = app.add_subcommand("get", "Show one or many objects");
  sub->add_option("WHAT", cmd->words, "KIND [NAME...], or KIND/NAME...");
  sub->add_option("-o,--output", cmd->output,
                  "wide, yaml, json, name, jsonpath=, custom-columns=, "
                  "go-template=");
  sub->add_option("--template", cmd->filled_in,
                  "Go template, or what -o names: the template of it");
  sub->add_option("-f,--filename", cmd->files, "Files, folders, or -");
  sub->add_flag("-R,--recursive", cmd->recursive, "Folders in folders too");
  sub->add_option("-l,--selector", cmd->labels, "Label selector");
  sub->add_option("--field-selector", cmd->fields, "Field selector");
  sub->add_option("--sort-by", cmd->sort_by, "JSONPath to sort by");
  sub->add_option("--subresource", cmd->subresource, "Such as status, scale");
  sub->add_option("-L,--label-columns", cmd->label_columns,
                  "Labels shown as columns")
      ->delimiter(',');
  sub->add_option("--as-of", cmd->as_of,
                  "As it was at this revision: an object's resourceVersion, or "
                  "what `troupe store status` tells")
      ->check(CLI::Range(uint64_t{1}, uint64_t{INT64_MAX}));
  sub->add_flag("-A,--all-namespaces", cmd->all_namespaces,
                "In all namespaces");
  sub->add_flag("-w,--watch", cmd->watch, "Then show what changes");
  sub->add_flag("--watch-only", cmd->watch_only, "Show only what changes");
  sub->add_flag("--output-watch-events", cmd->watch_events,
                "With what happened to each object");
  sub->add_flag("--no-headers", cmd->no_headers, "No header line");
  sub->add_flag("--show-labels", cmd->show_labels, "Labels as last column");
  sub->add_flag("--show-kind", cmd->show_kind, "Names with their kind");
  sub->add_flag("--show-managed-fields", cmd->show_managed_fields,
                "With who wrote which field");
  sub->add_flag("--ignore-not-found", cmd->ignore_not_found,
                "No error when it does not exist");
  sub->callback([cmd, &env] { getter{*cmd, env}.run(); });
}

} // namespace troupe::cli
