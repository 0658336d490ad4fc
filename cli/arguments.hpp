#pragma once

#include "messages/errors.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::cli {

/// What `label` and `annotate` do: `key=value` sets, `key-` removes.
struct map_changes {
  std::map<std::string, std::string> set;
  std::vector<std::string> remove;
};

/// Whether a word is `key=value` or `key-` and no resource.
bool is_map_change(const std::string& word);

/// Reads `key=value` and `key-`. Fails when a word is neither, or a key is to
/// be set and removed.
expected<map_changes> parse_map_changes(const std::vector<std::string>& words);

/// Reads `key=value`; `flag` is named in the error.
expected<std::pair<std::string, std::string>>
parse_assignment(const std::string& word, std::string_view flag);

/// Reads `a=1,b=2`.
expected<std::map<std::string, std::string>>
parse_labels(const std::string& text);

/// One word of `taint`.
struct taint_change {
  std::string key;
  std::string value;
  std::string effect; ///< "" when every effect of the key is removed
  bool remove = false;
};

/// Reads `key=value:Effect`, `key:Effect`, `key:Effect-` and `key-`.
expected<taint_change> parse_taint(const std::string& word);

/// A port of `create service --tcp`: `80`, `80:8080`, `80:http`.
struct port_pair {
  int port = 0;
  std::string target; ///< a number or a name
  std::string name;   ///< "80", "80-8080"
};
expected<port_pair> parse_port_pair(const std::string& word);

/// Reads a port number from 1 to 65535; `field` is named in the error.
expected<int> parse_port(const std::string& word, std::string_view field);

/// Returns the name that a container of an image gets: its last path segment
/// without tag and digest, as far as it may be a name.
std::string container_name(const std::string& image);

/// Reads `[key=]path`; without a key it is the file's name.
expected<std::pair<std::string, std::string>>
parse_file_source(const std::string& word);

/// Reads lines of `key=value`; comments and empty lines are left out, a key
/// without a value takes it from the environment.
expected<std::map<std::string, std::string>>
parse_env_lines(const std::string& content, const std::string& file);

} // namespace troupe::cli
