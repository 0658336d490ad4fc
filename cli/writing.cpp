#include "cli/writing.hpp"

#include "cli/output_form.hpp"
#include "cli/resources.hpp"
#include "runtime/text/apply.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <iterator>

namespace troupe::cli {

namespace {

/// Tries that a change gets when somebody else writes meanwhile.
constexpr int most_tries = 10;

void show_as(const object& x, const std::string& name, const std::string& what,
             const write_options& options, environment& env) {
  auto form = output_form::parse(options.output);
  if (!form || form->what() == output_form::kind::name) {
    env.out() << name << "\n";
  } else if (!form->is_table()) {
    auto shown = text::to_document(x);
    auto whole = form->what() == output_form::kind::yaml
                 || form->what() == output_form::kind::json;
    if (whole && shown.contains("metadata"))
      shown["metadata"].erase("managedFields");
    if (auto err = form->print(shown, false, env.out()))
      env.fail(err);
  } else if (!what.empty()) {
    env.out() << name << " " << what
              << (options.dry_run == "client"   ? " (dry run)"
                  : options.dry_run == "server" ? " (server dry run)"
                                                : "")
              << "\n";
  }
  env.out().flush();
}

/// Checks the value of -o where objects are not shown as rows.
std::string output_problem(const std::string& word) {
  auto form = output_form::parse(word);
  if (form && form->what() != output_form::kind::wide)
    return {};
  return form ? "unable to match a printer suitable for the output format "
                "\"wide\""
              : message_of(form.error());
}

/// One try of change_object.
caf::error change_once(const target& what, const editor& edit,
                       const write_options& options, environment& env,
                       const std::string& subresource) {
  auto name = display_name(*what.kind, what.name);
  auto read = about(call::GET, *what.kind, what.ns, what.name);
  read.set_subresource(subresource);
  auto live = env.client()->ask(read);
  if (!live)
    return live.error();
  auto before = text::to_document(live->one());
  auto after = before;
  auto said = edit(after);
  if (!said)
    return said.error();
  auto patch = text::three_way_patch(before, after, before, nullptr);
  if (!patch)
    return patch.error();
  if (patch->empty()) {
    show_as(live->one(), name, *said, options, env);
    return caf::none;
  }
  if (options.dry_run == "client") {
    auto wish = text::from_document(after);
    if (!wish)
      return wish.error();
    show_as(*wish, name, *said, options, env);
    return caf::none;
  }
  if (before["metadata"].contains("resourceVersion"))
    (*patch)["metadata"]["resourceVersion"] =
        before["metadata"]["resourceVersion"];
  auto msg = about(call::PATCH, *what.kind, what.ns, what.name);
  msg.set_subresource(subresource);
  msg.set_patch_type(call::MERGE);
  msg.set_patch(patch->dump());
  msg.set_dry_run(options.dry_run == "server");
  auto changed = env.client()->ask(msg);
  if (!changed)
    return changed.error();
  print_warnings(*changed, env);
  show_as(changed->one(), name, *said, options, env);
  return caf::none;
}

std::optional<std::vector<target>> file_targets(const target_options& options,
                                                environment& env) {
  auto sources = read_manifests(options.files, options.recursive, true, env);
  if (!sources) {
    env.fail(sources.error());
    return std::nullopt;
  }
  std::vector<target> result;
  for (auto& s : *sources) {
    auto& kind = s.value.kind();
    if (s.value.name().empty()) {
      env.fail(make_error(ec::bad_request,
                          s.where + ": resource name may not be empty"));
      return std::nullopt;
    }
    auto ns = !kind.namespaced       ? std::string{}
              : s.value.ns().empty() ? env.current_namespace()
                                     : s.value.ns();
    result.push_back({&kind, ns, s.value.name(), {}});
  }
  if (env.client() == nullptr)
    return std::nullopt;
  return result;
}

} // namespace

void add_write_options(CLI::App& sub, write_options& options) {
  sub.add_option("--dry-run", options.dry_run, "Change nothing")
      ->check(CLI::IsMember({"none", "client", "server"}));
  sub.add_option("-o,--output", options.output,
                 "name, yaml, json, jsonpath=, custom-columns=, go-template=")
      ->check(CLI::Validator{output_problem, "FORM"});
}

void show(const object& x, const std::string& what,
          const write_options& options, environment& env) {
  show_as(x, display_name(x.kind(), x.name()), what, options, env);
}

bool create_object(const text::document& wish, const write_options& options,
                   environment& env, const std::string& what,
                   const std::string& where) {
  text::read_options strict;
  auto plain = wish;
  // As kubectl does: what was read from a cluster can be created anew.
  if (plain.contains("metadata") && plain["metadata"].is_object())
    plain["metadata"].erase("resourceVersion");
  auto made = text::from_document(plain, strict);
  if (!made) {
    env.fail(made.error());
    return false;
  }
  auto ns = made->ns();
  if (made->kind().namespaced && ns.empty())
    ns = env.current_namespace();
  if (!env.ns.empty() && made->kind().namespaced && ns != env.ns) {
    env.fail(make_error(ec::bad_request,
                        "the namespace from the provided object \"" + ns
                            + "\" does not match the namespace \"" + env.ns
                            + "\". You must pass '--namespace=" + ns
                            + "' to perform this operation."));
    return false;
  }
  if (options.dry_run == "client") {
    show(*made, what, options, env);
    return true;
  }
  if (env.client() == nullptr)
    return false;
  auto msg = about(call::CREATE, made->kind(), ns, made->name());
  msg.set_dry_run(options.dry_run == "server");
  auto done = env.client()->ask(msg, *made);
  if (!done) {
    env.refused(where.empty()
                    ? done.error()
                    : in_file("error when creating", where, done.error()));
    return false;
  }
  print_warnings(*done, env);
  show(done->one(), what, options, env);
  return true;
}

void add_target_options(CLI::App& sub, target_options& options) {
  sub.add_option("-f,--filename", options.files, "Files, folders, or -");
  sub.add_flag("-R,--recursive", options.recursive, "Folders in folders too");
  sub.add_option("-l,--selector", options.labels, "Label selector");
  sub.add_option("--field-selector", options.fields, "Field selector");
  sub.add_flag("--all", options.all, "All of the kind");
  sub.add_flag("-A,--all-namespaces", options.all_namespaces,
               "In all namespaces");
}

std::optional<std::vector<target>>
collect_targets(const std::vector<std::string>& words,
                const target_options& options, environment& env) {
  if (words.empty() && !options.files.empty())
    return file_targets(options, env);
  auto args = parse_resources(words);
  if (!args) {
    env.misuse(message_of(args.error()));
    return std::nullopt;
  }
  auto selects =
      options.all || !options.labels.empty() || !options.fields.empty();
  if (auto wrong = selection_problem(*args, selects); !wrong.empty()) {
    env.misuse(wrong);
    return std::nullopt;
  }
  if (env.client() == nullptr)
    return std::nullopt;
  std::vector<target> result;
  for (auto& item : args->items) {
    auto ns = item.kind->namespaced ? env.current_namespace() : std::string{};
    if (!item.name.empty()) {
      result.push_back({item.kind, ns, item.name, {}});
      continue;
    }
    auto msg = about(call::LIST, *item.kind,
                     options.all_namespaces ? std::string{} : ns);
    msg.set_label_selector(options.labels);
    msg.set_field_selector(options.fields);
    auto list = env.client()->ask(msg);
    if (!list) {
      env.refused(list.error());
      return std::nullopt;
    }
    for (auto& x : list->objects)
      result.push_back({item.kind, x.ns(), x.name(), x.uid()});
  }
  return result;
}

std::vector<target> find_targets(const std::vector<std::string>& words,
                                 const target_options& options,
                                 environment& env) {
  if (words.empty() == options.files.empty()) {
    env.misuse("one or more resources must be specified as <resource> <name>, "
               "<resource>/<name>, or with -f FILE");
    return {};
  }
  auto found = collect_targets(words, options, env);
  if (!found)
    return {};
  if (found->empty() && options.files.empty())
    env.out() << "No resources found\n";
  return std::move(*found);
}

std::vector<target> find_nodes(const std::vector<std::string>& names,
                               const std::string& labels, environment& env) {
  if (names.empty() == labels.empty()) {
    env.misuse("name the nodes, or select them with -l");
    return {};
  }
  std::vector<std::string> words{"nodes"};
  for (auto& name : names) {
    auto slash = name.find('/');
    auto kind = slash == std::string::npos ? std::string{"node"}
                                           : name.substr(0, slash);
    if (auto known = kind_named(kind); !known || (*known)->kind != "Node") {
      env.misuse("invalid resource type " + kind + ", only node is supported");
      return {};
    }
    words.push_back(slash == std::string::npos ? name : name.substr(slash + 1));
  }
  target_options which;
  which.labels = labels;
  return find_targets(words, which, env);
}

bool change_object(const target& what, const editor& edit,
                   const write_options& options, environment& env,
                   const std::string& subresource) {
  for (int tries = 1;; ++tries) {
    auto err = change_once(what, edit, options, env, subresource);
    if (!err)
      return true;
    if (is(err, ec::conflict) && tries < most_tries)
      continue;
    env.fail(err);
    return false;
  }
}

editor cordoning(bool on) {
  return [on](text::document& node) -> expected<std::string> {
    auto& spec = node["spec"];
    auto word = std::string{on ? "cordoned" : "uncordoned"};
    if (spec.value("unschedulable", false) == on)
      return "already " + word;
    if (on)
      spec["unschedulable"] = true;
    else
      spec.erase("unschedulable");
    return word;
  };
}

} // namespace troupe::cli
