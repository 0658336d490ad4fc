#pragma once

#include "cli/environment.hpp"

#include <string>
#include <vector>

namespace troupe::cli {

/// What a command line names: `pods`, `pods a b`, `pod/a svc/b`, `pods,svc`.
struct resource_arguments {
  struct item {
    const kind_info* kind = nullptr;
    std::string name; ///< "" for all of the kind
  };
  std::vector<item> items;
};

/// Returns the kind that a user calls by this word; an error says that there is
/// none.
expected<const kind_info*> kind_named(const std::string& word);

/// Splits at a separator; "" gives one empty part.
std::vector<std::string> split(const std::string& text, char separator);

/// Reads the words after a verb. An error names the word that cannot be
/// understood. `all` stands for the kinds of that category.
expected<resource_arguments>
parse_resources(const std::vector<std::string>& words);

/// Returns what is wrong with words that must mean certain objects, by their
/// names or, when `selects`, by a selector; "" for nothing.
std::string selection_problem(const resource_arguments& args, bool selects);

/// Returns a request about one object or a kind; the namespace is left out
/// for kinds that have none.
call::Request about(call::Verb verb, const kind_info& kind,
                    const std::string& ns, const std::string& name = {});

/// Returns "pod/web" or "deployment.apps/web".
std::string display_name(const kind_info& kind, const std::string& name);

/// Reads manifests from -f arguments: files, folders, `-` for standard input.
/// Each file's findings (unknown and duplicate fields) are errors as with
/// kubectl's strict validation unless `lenient`.
struct manifest_source {
  object value;
  std::string json;  ///< as given
  std::string where; ///< for errors: file and line
};
expected<std::vector<manifest_source>>
read_manifests(const std::vector<std::string>& files, bool recursive,
               bool lenient, environment& env);

/// Returns an error with the manifest that it is about; one of validation names
/// the object already.
caf::error in_file(const std::string& doing, const std::string& file,
                   const caf::error& err);

/// Reads a file whole, or standard input for `-`; what is larger than any
/// stream of manifests may be is refused.
expected<std::string> read_input(const std::string& file);

/// Prints the warnings of an answer.
void print_warnings(const answer& from, environment& env);

} // namespace troupe::cli
