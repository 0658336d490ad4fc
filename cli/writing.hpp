#pragma once

#include "cli/environment.hpp"
#include "runtime/text/document.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace troupe::cli {

/// Options of every command that makes or changes objects.
struct write_options {
  std::string dry_run = "none";
  std::string output; ///< as -o has it (output_form.hpp)
};
void add_write_options(CLI::App& sub, write_options& options);

/// Prints an object as -o wants, otherwise "deployment.apps/web created".
void show(const object& x, const std::string& what,
          const write_options& options, environment& env);

/// Makes an object in the namespace of the command line and shows it. A client
/// dry run needs no cluster. False when it was refused; then `env` knows why,
/// and which manifest, `where`, it came from.
bool create_object(const text::document& wish, const write_options& options,
                   environment& env, const std::string& what = "created",
                   const std::string& where = {});

/// An object that a command is about.
struct target {
  const kind_info* kind = nullptr;
  std::string ns;
  std::string name;
  std::string uid; ///< of one that was selected; "" for whichever has the name
};

/// How a command says which objects it is about.
struct target_options {
  std::vector<std::string> files;
  std::string labels;
  std::string fields;
  bool recursive = false;
  bool all = false;
  bool all_namespaces = false;
};
void add_target_options(CLI::App& sub, target_options& options);

/// Returns what the words mean, or without words the files, and selectors,
/// which may be nothing; no list after an error, which `env` then knows.
std::optional<std::vector<target>>
collect_targets(const std::vector<std::string>& words,
                const target_options& options, environment& env);

/// The same for commands that need something to do: without any it says so.
std::vector<target> find_targets(const std::vector<std::string>& words,
                                 const target_options& options,
                                 environment& env);

/// The same for nodes, which need no kind before their names.
std::vector<target> find_nodes(const std::vector<std::string>& names,
                               const std::string& labels, environment& env);

/// Edits the object in place, and returns what to say about it.
using editor = std::function<expected<std::string>(text::document&)>;

/// Reads an object, has it edited, and sends what is different; once more from
/// the start when somebody else wrote meanwhile. `subresource` is what is
/// edited instead, such as "scale". Shows the result; says nothing when the
/// editor has nothing to say.
bool change_object(const target& what, const editor& edit,
                   const write_options& options, environment& env,
                   const std::string& subresource = {});

/// Returns the edit of a node that `cordon` and `uncordon` make.
editor cordoning(bool on);

} // namespace troupe::cli
