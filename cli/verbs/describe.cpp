#include "runtime/printing/describe.hpp"

#include "cli/commands.hpp"
#include "cli/output_form.hpp"
#include "cli/resources.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/printing/table.hpp"
#include "runtime/system/context.hpp"
#include "runtime/text/timestamp.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace troupe::cli {

namespace {

struct describe_command {
  std::vector<std::string> words;
  std::vector<std::string> files;
  std::string labels;
  bool recursive = false;
  bool all_namespaces = false;
};

class describer {
public:
  describer(describe_command& cmd, environment& env) : cmd_(cmd), env_(env) {
    // nop
  }

  void run() {
    if (!cmd_.files.empty()) {
      describe_files();
      return;
    }
    auto args = parse_resources(cmd_.words);
    if (!args) {
      env_.misuse(message_of(args.error()));
      return;
    }
    client_ = env_.client();
    if (client_ == nullptr)
      return;
    for (auto& item : args->items) {
      if (item.name.empty())
        describe_all(*item.kind, {});
      else
        describe_named(*item.kind, item.name);
    }
    if (!any_ && env_.code == done)
      print_none(*args->items.front().kind);
  }

private:
  std::string ns_of(const kind_info& kind) {
    return kind.namespaced && !cmd_.all_namespaces ? env_.current_namespace()
                                                   : std::string{};
  }

  void print_none(const kind_info& kind) {
    if (kind.namespaced && !cmd_.all_namespaces)
      env_.err() << "No resources found in " << env_.current_namespace()
                 << " namespace.\n";
    else
      env_.err() << "No resources found\n";
  }

  void describe_files() {
    if (!cmd_.words.empty()) {
      env_.misuse("cannot specify both -f and what to describe");
      return;
    }
    auto sources = read_manifests(cmd_.files, cmd_.recursive, true, env_);
    if (!sources) {
      env_.fail(sources.error());
      return;
    }
    client_ = env_.client();
    for (auto& each : *sources) {
      if (client_ == nullptr)
        return;
      auto& what = each.value;
      auto ns = what.ns().empty() ? ns_of(what.kind()) : what.ns();
      auto one = client_->ask(about(call::GET, what.kind(), ns, what.name()));
      if (one)
        show(one->one());
      else
        env_.refused(one.error());
    }
  }

  void describe_named(const kind_info& kind, const std::string& name) {
    auto one = client_->ask(about(call::GET, kind, ns_of(kind), name));
    if (one)
      show(one->one());
    // A name that is none may be the beginning of some.
    else if (!is(one.error(), ec::not_found) || !describe_all(kind, name))
      env_.refused(one.error());
  }

  /// Returns whether there was any.
  bool describe_all(const kind_info& kind, const std::string& prefix) {
    auto msg = about(call::LIST, kind, ns_of(kind));
    msg.set_label_selector(cmd_.labels);
    auto list = client_->ask(msg);
    if (!list) {
      env_.refused(list.error());
      return true;
    }
    bool found = false;
    for (auto& x : list->objects) {
      if (x.name().rfind(prefix, 0) != 0)
        continue;
      found = true;
      show(x);
    }
    return found;
  }

  void show(const object& x) {
    std::vector<object> related;
    for (auto& r : printing::relations_of(x)) {
      auto verb = r.name.empty() ? call::LIST : call::GET;
      auto msg = about(verb, *r.kind, r.ns, r.name);
      msg.set_label_selector(r.label_selector);
      msg.set_field_selector(r.field_selector);
      // What cannot be had is left out of the description.
      if (auto found = client_->ask(msg))
        related.insert(related.end(), found->objects.begin(),
                       found->objects.end());
    }
    if (any_)
      env_.out() << "\n\n";
    any_ = true;
    env_.out() << printing::describe(x, related, real_world()->now());
  }

  describe_command& cmd_;
  environment& env_;
  command_client* client_ = nullptr;
  bool any_ = false;
};

struct events_command {
  std::string about;
  std::vector<std::string> types;
  bool all_namespaces = false;
  bool no_headers = false;
  bool watch = false;
  std::string output;
};

class event_printer {
public:
  event_printer(events_command& cmd, environment& env) : cmd_(cmd), env_(env) {
    // nop
  }

  void run() {
    what_.kind = &kind_of<core::v1::Event>();
    auto form = output_form::parse(cmd_.output);
    if (!form) {
      env_.misuse(message_of(form.error()));
      return;
    }
    form_ = std::move(*form);
    if (!read_subject() || env_.client() == nullptr)
      return;
    what_.ns = cmd_.all_namespaces ? std::string{} : env_.current_namespace();
    auto msg = about(call::LIST, *what_.kind, what_.ns);
    msg.set_field_selector(what_.field_selector);
    auto list = env_.client()->ask(msg);
    if (!list) {
      env_.refused(list.error());
      return;
    }
    auto listed = list->objects;
    print(list->objects);
    env_.out().flush();
    if (!cmd_.watch)
      return;
    auto err = env_.client()->watch(
        what_, std::to_string(list->revision()),
        [&](const changes& batch) {
          std::vector<object> fresh;
          for (auto& c : batch.items)
            if (c.type != change_type::deleted)
              fresh.push_back(c.what);
          if (!fresh.empty())
            print(std::move(fresh));
          env_.out().flush();
          return env_.out().good();
        },
        std::chrono::hours(24 * 365), listed);
    if (err)
      env_.fail(err);
  }

private:
  bool read_subject() {
    if (cmd_.about.empty())
      return true;
    auto parsed = parse_resources({cmd_.about});
    if (!parsed) {
      env_.misuse("--for: " + message_of(parsed.error()));
      return false;
    }
    if (parsed->items.front().name.empty()) {
      env_.misuse("--for must be in resource/name form");
      return false;
    }
    auto& item = parsed->items.front();
    what_.field_selector = "involvedObject.kind=" + std::string{item.kind->kind}
                           + ",involvedObject.name=" + item.name;
    return true;
  }

  bool wanted(const object& x) const {
    const auto& type = x.as<core::v1::Event>().type();
    return cmd_.types.empty()
           || std::find(cmd_.types.begin(), cmd_.types.end(), type)
                  != cmd_.types.end();
  }

  void print(std::vector<object> events) {
    std::erase_if(events, [this](auto& x) { return !wanted(x); });
    std::sort(events.begin(), events.end(), printing::happened_before);
    if (!form_.is_table()) {
      print_documents(events);
      return;
    }
    if (events.empty()) {
      if (first_ && !cmd_.watch)
        env_.err() << (cmd_.all_namespaces
                           ? std::string{"No events found.\n"}
                           : "No events found in " + env_.current_namespace()
                                 + " namespace.\n");
      return;
    }
    printing::table_options options;
    options.now = real_world()->now();
    options.no_headers = cmd_.no_headers || !first_;
    options.with_namespace = cmd_.all_namespaces;
    options.wide = form_.what() == output_form::kind::wide;
    first_ = false;
    auto table = printing::print_table(events, options);
    for (size_t i = 0; i < events.size(); ++i)
      tell_repeats(events[i], table.rows[i][cmd_.all_namespaces ? 1 : 0]);
    env_.out() << layout_.add(table);
  }

  /// "24s" becomes "24s (x3 over 54s)".
  static void tell_repeats(const object& x, std::string& last_seen) {
    auto& event = x.as<core::v1::Event>();
    auto count = event.has_series() ? event.series().count() : event.count();
    if (count > 1)
      last_seen +=
          " (x" + std::to_string(count) + " over "
          + text::age_text(event.first_timestamp(), real_world()->now()) + ")";
  }

  /// One after the other: their names, or a List of them.
  void print_documents(const std::vector<object>& events) {
    if (form_.what() == output_form::kind::name) {
      for (auto& x : events)
        env_.out() << display_name(x.kind(), x.name()) << "\n";
      return;
    }
    text::document list{{"apiVersion", "v1"},
                        {"kind", "List"},
                        {"metadata", {{"resourceVersion", ""}}},
                        {"items", text::document::array()}};
    for (auto& x : events)
      list["items"].push_back(text::to_document(x));
    if (auto err = form_.print(list, cmd_.no_headers, env_.out()))
      env_.fail(err);
  }

  events_command& cmd_;
  environment& env_;
  output_form form_;
  selection what_;
  bool first_ = true;
  printing::table_layout layout_;
};

} // namespace

void add_describe(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<describe_command>();
  auto* sub = app.add_subcommand("describe", "Show an object in detail");
  sub->add_option("WHAT", cmd->words, "KIND [NAME...], or KIND/NAME...");
  sub->add_option("-f,--filename", cmd->files, "Files, folders, or -");
  sub->add_flag("-R,--recursive", cmd->recursive, "Folders in folders too");
  sub->add_option("-l,--selector", cmd->labels, "Label selector");
  sub->add_flag("-A,--all-namespaces", cmd->all_namespaces,
                "In all namespaces");
  sub->callback([cmd, &env] { describer{*cmd, env}.run(); });
}

void add_events(CLI::App& app, environment& env) {
  auto cmd = std::make_shared<events_command>();
  auto* sub = app.add_subcommand("events", "List events, oldest first");
  sub->add_option("--for", cmd->about, "Only about KIND/NAME");
  sub->add_option("--types", cmd->types, "Normal, Warning")
      ->delimiter(',')
      ->check(CLI::IsMember({"Normal", "Warning"}));
  sub->add_flag("-A,--all-namespaces", cmd->all_namespaces,
                "In all namespaces");
  sub->add_flag("-w,--watch", cmd->watch, "Then show new ones");
  sub->add_flag("--no-headers", cmd->no_headers, "No header line");
  sub->add_option("-o,--output", cmd->output,
                  "wide, yaml, json, name, jsonpath=, custom-columns=, "
                  "go-template=");
  sub->callback([cmd, &env] { event_printer{*cmd, env}.run(); });
}

} // namespace troupe::cli
