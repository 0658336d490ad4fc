#include "cli/resources.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/text/yaml_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// Kinds that a word stands for: one, several by comma, or a category.
expected<std::vector<const kind_info*>> kinds_named(const std::string& word) {
  std::vector<const kind_info*> result;
  for (auto& part : split(word, ',')) {
    if (part == "all") {
      for (auto& k : all_kinds())
        if (std::find(k.categories.begin(), k.categories.end(), "all")
                != k.categories.end()
            && find_resource(k.group, k.plural) == &k)
          result.push_back(&k);
      continue;
    }
    auto kind = kind_named(part);
    if (!kind)
      return kind.error();
    result.push_back(*kind);
  }
  return result;
}

bool is_manifest(const fs::path& path) {
  auto ending = path.extension();
  return ending == ".yaml" || ending == ".yml" || ending == ".json";
}

expected<std::vector<std::string>> files_of(const std::string& arg,
                                            bool recursive) {
  if (arg == "-" || !fs::is_directory(arg))
    return std::vector<std::string>{arg};
  std::vector<std::string> found;
  auto take = [&](const fs::directory_entry& e) {
    if (e.is_regular_file() && is_manifest(e.path()))
      found.push_back(e.path().string());
  };
  if (recursive)
    for (auto& e : fs::recursive_directory_iterator(arg))
      take(e);
  else
    for (auto& e : fs::directory_iterator(arg))
      take(e);
  std::sort(found.begin(), found.end());
  if (found.empty())
    return make_error(ec::bad_request, "error reading [" + arg
                                           + "]: recognized file "
                                             "extensions are [.json .yaml "
                                             ".yml]");
  return found;
}

/// -f may be repeated, and names several files by comma.
std::vector<std::string> one_by_one(const std::vector<std::string>& args) {
  std::vector<std::string> result;
  for (auto& arg : args)
    for (auto& part : split(arg, ','))
      result.push_back(part);
  return result;
}

/// More than this is no manifest, and nothing that an object could hold.
constexpr size_t largest_input =
    text::stream_factor * text::read_options{}.max_bytes;

expected<std::string> read_all(std::istream& in, const std::string& file) {
  std::string result;
  std::string chunk(size_t{1} << 20, '\0');
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()))
         || in.gcount() > 0) {
    result.append(chunk, 0, static_cast<size_t>(in.gcount()));
    if (result.size() > largest_input)
      return make_error(ec::too_large, file + ": more than "
                                           + std::to_string(largest_input >> 20)
                                           + " MiB, which is the limit");
  }
  if (in.bad())
    return make_error(ec::bad_request, "error reading " + file);
  return result;
}

} // namespace

expected<std::string> read_input(const std::string& file) {
  if (file == "-")
    return read_all(std::cin, "standard input");
  std::error_code none;
  if (fs::is_directory(file, none))
    return make_error(ec::bad_request,
                      "error reading " + file + ": it is a directory");
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return make_error(ec::bad_request,
                      fs::exists(file, none)
                          ? "error reading " + file + ": permission denied"
                          : "the path \"" + file + "\" does not exist");
  return read_all(in, file);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t from = 0;
  while (true) {
    auto at = text.find(separator, from);
    parts.push_back(text.substr(from, at - from));
    if (at == std::string::npos)
      return parts;
    from = at + 1;
  }
}

expected<const kind_info*> kind_named(const std::string& word) {
  auto* kind = find_by_alias(word);
  if (kind == nullptr || kind->plural.empty())
    return make_error(ec::bad_request,
                      "the server doesn't have a resource type \"" + word
                          + "\"");
  return kind;
}

expected<resource_arguments>
parse_resources(const std::vector<std::string>& words) {
  resource_arguments result;
  if (words.empty())
    return make_error(ec::bad_request,
                      "You must specify the type of resource. Use \"troupe "
                      "api-resources\" for a complete list of supported "
                      "resources.");
  auto slashed = std::any_of(words.begin(), words.end(), [](auto& w) {
    return w.find('/') != std::string::npos;
  });
  if (slashed) {
    for (auto& word : words) {
      auto slash = word.find('/');
      if (slash == std::string::npos)
        return make_error(ec::bad_request,
                          "there is no need to specify a resource type as a "
                          "separate argument when passing arguments in "
                          "resource/name form: \""
                              + word + "\"");
      auto kind = kind_named(word.substr(0, slash));
      if (!kind)
        return kind.error();
      auto name = word.substr(slash + 1);
      if (name.empty() || name.find('/') != std::string::npos)
        return make_error(ec::bad_request,
                          "arguments in resource/name form must have a single "
                          "resource and name: \""
                              + word + "\"");
      result.items.push_back({*kind, name});
    }
    return result;
  }
  auto kinds = kinds_named(words.front());
  if (!kinds)
    return kinds.error();
  for (auto* kind : *kinds) {
    if (words.size() == 1)
      result.items.push_back({kind, {}});
    for (size_t i = 1; i < words.size(); ++i)
      result.items.push_back({kind, words[i]});
  }
  return result;
}

std::string selection_problem(const resource_arguments& args, bool selects) {
  for (auto& item : args.items) {
    if (!item.name.empty() && selects)
      return "name cannot be provided when a selector is specified";
    if (item.name.empty() && !selects)
      return "resource(s) were provided, but no name was specified";
  }
  return {};
}

namespace {

/// The commands of kubectl that write so.
const char* manager_of(call::Verb verb) {
  switch (verb) {
    case call::CREATE:
      return "kubectl-create";
    case call::UPDATE:
      return "kubectl-replace";
    case call::PATCH:
      return "kubectl-patch";
    default:
      return "";
  }
}

} // namespace

call::Request about(call::Verb verb, const kind_info& kind,
                    const std::string& ns, const std::string& name) {
  call::Request msg;
  msg.set_verb(verb);
  msg.set_api_version(kind.api_version());
  msg.set_kind(std::string{kind.kind});
  if (kind.namespaced)
    msg.set_namespace_(ns);
  msg.set_name(name);
  if (std::string manager = manager_of(verb); !manager.empty())
    msg.set_field_manager(manager);
  return msg;
}

std::string display_name(const kind_info& kind, const std::string& name) {
  auto result = std::string{kind.singular};
  if (!kind.group.empty())
    result += "." + std::string{kind.group};
  return result + "/" + name;
}

expected<std::vector<manifest_source>>
read_manifests(const std::vector<std::string>& args, bool recursive,
               bool lenient, environment& env) {
  std::vector<manifest_source> result;
  for (auto& arg : one_by_one(args)) {
    auto files = files_of(arg, recursive);
    if (!files)
      return files.error();
    for (auto& file : *files) {
      auto content = read_input(file);
      if (!content)
        return content.error();
      std::vector<std::string> findings;
      auto read = text::read_manifests(*content, {}, &findings);
      auto shown = file == "-" ? std::string{"STDIN"} : file;
      if (!read)
        return make_error(ec::bad_request, "error parsing " + shown + ": "
                                               + message_of(read.error()));
      for (auto& f : findings) {
        if (!lenient)
          return make_error(
              ec::bad_request,
              "error validating \"" + shown + "\": " + f
                  + "; if you choose to ignore these errors, turn "
                    "validation off with --validate=false");
        env.err() << "Warning: " << f << "\n";
      }
      for (auto& m : *read)
        result.push_back({std::move(m.value), std::move(m.json), shown});
    }
  }
  if (result.empty())
    return make_error(ec::bad_request,
                      "no objects in "
                          + std::string{args.size() == 1 ? args.front()
                                                         : "any of the files"});
  return result;
}

caf::error in_file(const std::string& doing, const std::string& file,
                   const caf::error& err) {
  auto status = to_status(err);
  if (status.code() == 422)
    return err;
  status.set_message(doing + " \"" + file + "\": " + status.message());
  return from_status(status);
}

void print_warnings(const answer& from, environment& env) {
  for (auto& w : from.response->warnings())
    env.err() << "Warning: " << w << "\n";
}

} // namespace troupe::cli
