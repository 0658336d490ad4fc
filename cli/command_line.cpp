#include "cli/command_line.hpp"

#include "cli/commands.hpp"
#include "cli/examples.hpp"
#include "runtime/system/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <numeric>

namespace troupe::cli {

namespace {

/// The command that the words led to, as far as they led.
const CLI::App& reached(const CLI::App& app) {
  auto* at = &app;
  while (!at->get_subcommands().empty())
    at = at->get_subcommands().front();
  return *at;
}

/// "troupe create service".
std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr
             ? app.get_name()
             : full_name(*app.get_parent()) + " " + app.get_name();
}

/// How many letters must change to make one word of the other.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      auto same = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({same, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string similar_commands(const CLI::App& app, const std::string& word) {
  std::string result;
  for (auto* sub : app.get_subcommands([](auto*) { return true; }))
    if (distance(word, sub->get_name()) <= 2)
      result += "\t" + sub->get_name() + "\n";
  return result.empty() ? result : "\nDid you mean this?\n" + result;
}

/// The parser says "Could not convert: --flag = value".
std::string wrong_value(std::string said) {
  auto colon = said.find(": ");
  auto equals = said.find(" = ");
  if (colon == std::string::npos || equals == std::string::npos)
    return said;
  auto flag = said.substr(colon + 2, equals - colon - 2);
  return "invalid argument \"" + said.substr(equals + 3) + "\" for \"" + flag
         + "\" flag";
}

bool has_command(const CLI::App& app, const std::string& word) {
  auto all = app.get_subcommands([](auto*) { return true; });
  return std::any_of(all.begin(), all.end(),
                     [&](auto* sub) { return sub->check_name(word); });
}

/// The first word that is no flag, where it should be a command and is none.
/// Without this look the parser would take a later word for the command.
std::string unknown_command(const CLI::App& app,
                            const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    auto& w = words[i];
    if (!w.starts_with('-'))
      return has_command(app, w) ? std::string{} : w;
    auto* option = app.get_option_no_throw(w.substr(0, w.find('=')));
    if (option == nullptr || option == app.get_help_ptr())
      return {};
    if (option->get_items_expected_min() > 0
        && w.find('=') == std::string::npos)
      ++i;
  }
  return {};
}

std::string no_such_command(const CLI::App& at, const std::string& word) {
  return "unknown command \"" + word + "\" for \"" + full_name(at) + "\""
         + similar_commands(at, word);
}

/// What is wrong with the words, as kubectl says it.
std::string complaint(const CLI::App& app, const CLI::ParseError& e) {
  auto& at = reached(app);
  auto words = app.remaining(true);
  auto flag = std::find_if(words.begin(), words.end(), [](auto& w) {
    return w.size() > 1 && w.front() == '-';
  });
  auto commands = !at.get_subcommands([](auto*) { return true; }).empty();
  // What nobody knows is told before what is missing; of an unknown command
  // nobody knows the flags.
  if (flag != words.end() && !(commands && flag != words.begin()))
    return ((*flag)[1] == '-' ? "unknown flag: " : "unknown shorthand flag: ")
           + *flag;
  if (words.empty())
    return e.get_name() == "ConversionError" ? wrong_value(e.what()) : e.what();
  if (!commands)
    return "unexpected argument: \"" + words.front() + "\"";
  return no_such_command(at, words.front());
}

/// Flags that may be repeated take one word each: what follows is not theirs.
void take_one_word_each(CLI::App& app) {
  for (auto* option : app.get_options())
    if (!option->get_positional())
      option->allow_extra_args(false);
  for (auto* sub : app.get_subcommands([](auto*) { return true; }))
    take_one_word_each(*sub);
}

/// Shows the examples of a command, and of those below it, with its help.
void add_examples(CLI::App& app, const std::string& name) {
  if (auto text = examples_of(name); !text.empty())
    app.footer("Examples:\n" + std::string{text});
  for (auto* sub : app.get_subcommands([](auto*) { return true; }))
    add_examples(*sub, name + " " + sub->get_name());
}

/// Whether what stands behind -- is the command of a container, whatever it
/// looks like. Elsewhere it only keeps words from being flags.
bool runs_something(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](auto& w) {
    return w == "exec" || w == "run" || w == "deployment" || w == "deploy";
  });
}

using word = std::vector<std::string>::const_iterator;

bool none_looks_like_a_flag(word first, word last) {
  return std::none_of(first, last, [](auto& w) { return w.starts_with('-'); });
}

/// "--flag=" gives an empty value; the parser would take the next word for it.
void give_empty_values(std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i)
    if (words[i].starts_with("--")
        && words[i].find('=') + 1 == words[i].size()) {
      words[i].pop_back();
      words.insert(words.begin() + static_cast<ptrdiff_t>(++i), "");
    }
}

/// The option that a short flag means in this command or above it.
CLI::Option* short_option(CLI::App* at, const std::string& flag) {
  for (; at != nullptr; at = at->get_parent())
    if (auto* option = at->get_option_no_throw(flag))
      return option;
  return nullptr;
}

/// "-n=x" is "--namespace=x"; the parser would take "=x" for the value.
void spell_out_short_flags(CLI::App& app, std::vector<std::string>& words) {
  auto* at = &app;
  for (auto& w : words) {
    if (w == "--")
      return;
    if (!w.starts_with('-')) {
      if (has_command(*at, w))
        at = at->get_subcommand(w);
      continue;
    }
    if (w.size() < 3 || w[1] == '-' || w[2] != '=')
      continue;
    auto* option = short_option(at, w.substr(0, 2));
    if (option != nullptr && !option->get_lnames().empty())
      w = "--" + option->get_lnames().front() + w.substr(2);
  }
}

void add_all(CLI::App& app, environment& env) {
  for (auto& group : all_commands())
    for (auto add : group.commands) {
      auto known = app.get_subcommands([](auto*) { return true; }).size();
      add(app, env);
      auto all = app.get_subcommands([](auto*) { return true; });
      for (auto i = known; i < all.size(); ++i) {
        all[i]->group(group.heading);
        add_examples(*all[i], all[i]->get_name());
      }
    }
}

} // namespace

int run_command_line(std::vector<std::string> words, environment& env) {
  env.code = done;
  env.rest.clear();
  CLI::App app{"A container orchestrator that speaks the Kubernetes API.",
               "troupe"};
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.set_version_flag("--version", program_version());
  app.add_option("--kubeconfig", env.kubeconfig, "Kubeconfig to use");
  app.add_option("--context", env.context, "Context of the kubeconfig");
  app.add_option("--data-dir", env.data_dir, "Data directory of the cluster");
  app.add_option("-n,--namespace", env.ns, "Namespace");
  app.footer("troupe COMMAND --help tells of a command, with examples.");
  add_all(app, env);
  take_one_word_each(app);
  auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes != words.end() && runs_something({words.begin(), dashes})) {
    env.rest.assign(dashes + 1, words.end());
    words.erase(dashes, words.end());
  } else if (dashes != words.end()
             && none_looks_like_a_flag(dashes + 1, words.end())) {
    words.erase(dashes);
  }
  spell_out_short_flags(app, words);
  give_empty_values(words);
  if (words.empty())
    words = {"--help"};
  if (auto word = unknown_command(app, words); !word.empty()) {
    env.err() << "error: " << no_such_command(app, word)
              << "\nSee 'troupe --help' for usage.\n";
    return env.code = wrong_usage;
  }
  // The parser takes them from the back.
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) {
      app.exit(e, env.out(), env.err());
    } else {
      env.err() << "error: " << complaint(app, e) << "\nSee '"
                << full_name(reached(app)) << " --help' for usage.\n";
      env.code = wrong_usage;
    }
  } catch (const std::exception& e) {
    env.err() << "error: " << e.what() << "\n";
    env.code = failed;
  }
  return env.code;
}

} // namespace troupe::cli
