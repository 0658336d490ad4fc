#include "runtime/process/image_folder.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace troupe::process {

namespace {

constexpr size_t longest_reference = 512;
constexpr uintmax_t largest_config = 4 << 20;

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// Letters and digits, with . _ - inside, as the distribution specification
/// has it.
bool is_component(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front())
      || !is_lower_or_digit(part.back()))
    return false;
  for (auto c : part)
    if (!is_lower_or_digit(c) && c != '.' && c != '_' && c != '-')
      return false;
  return part.find("..") == part.npos;
}

bool is_registry(std::string_view part) {
  auto colon = part.find(':');
  auto host = part.substr(0, colon);
  if (host.empty() || host.front() == '.' || host.find("..") != host.npos)
    return false;
  for (auto c : host)
    if (!isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-')
      return false;
  if (colon == part.npos)
    return true;
  auto port = part.substr(colon + 1);
  return !port.empty() && port.size() <= 5
         && port.find_first_not_of("0123456789") == port.npos;
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.'
      || tag.front() == '-')
    return false;
  for (auto c : tag)
    if (!isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_'
        && c != '-')
      return false;
  return true;
}

bool is_digest(std::string_view digest) {
  auto colon = digest.find(':');
  if (colon == digest.npos || !is_component(digest.substr(0, colon)))
    return false;
  auto hex = digest.substr(colon + 1);
  return hex.size() >= 32
         && hex.find_first_not_of("0123456789abcdef") == hex.npos;
}

bool is_repository(std::string_view repository) {
  for (size_t begin = 0; begin <= repository.size();) {
    auto end = std::min(repository.find('/', begin), repository.size());
    if (!is_component(repository.substr(begin, end - begin)))
      return false;
    begin = end + 1;
  }
  return !repository.empty();
}

caf::error no_reference(const std::string& text) {
  return make_error(ec::invalid, "Failed to apply default image tag \"" + text
                                     + "\": couldn't parse image reference \""
                                     + text + "\": invalid reference format");
}

std::string hash_of(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string result = "sha256:";
  for (unsigned int i = 0; i < size; ++i) {
    result += "0123456789abcdef"[digest[i] >> 4];
    result += "0123456789abcdef"[digest[i] & 15];
  }
  return result;
}

/// Folders in which the image may lie, best first.
std::vector<std::string> places(const image_reference& ref,
                                const std::string& written) {
  std::vector<std::string> names{ref.repository};
  if (ref.registry == "docker.io") {
    if (ref.repository.compare(0, 8, "library/") == 0)
      names.insert(names.begin(), ref.repository.substr(8));
    names.push_back(ref.registry + "/" + ref.repository);
  } else {
    names = {ref.registry + "/" + ref.repository};
  }
  std::vector<std::string> result{written};
  for (auto& name : names) {
    if (!ref.digest.empty())
      result.push_back(name + "@" + ref.digest);
    if (!ref.tag.empty())
      result.push_back(name + ":" + ref.tag);
    if (ref.tag == "latest")
      result.push_back(name);
  }
  return result;
}

void take(const nlohmann::json& from, const char* key, std::string& out) {
  if (auto at = from.find(key); at != from.end() && !at->is_null())
    out = at->get<std::string>();
}

void take(const nlohmann::json& from, const char* key,
          std::vector<std::string>& out) {
  if (auto at = from.find(key); at != from.end() && !at->is_null())
    out = at->get<std::vector<std::string>>();
}

expected<image_config> read_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  image_config result;
  result.id = hash_of(bytes);
  result.size = bytes.size();
  // The library throws; nothing of that leaves here.
  try {
    auto document = nlohmann::json::parse(bytes);
    auto config = document.value("config", nlohmann::json::object());
    take(config, "Entrypoint", result.entrypoint);
    take(config, "Cmd", result.command);
    take(config, "Env", result.environment);
    take(config, "WorkingDir", result.working_dir);
    take(config, "User", result.user);
    take(config, "StopSignal", result.stop_signal);
  } catch (const nlohmann::json::exception& e) {
    return make_error(ec::invalid,
                      path + " is no OCI image configuration: " + e.what());
  }
  return result;
}

} // namespace

std::string image_reference::whole() const {
  auto result = registry + "/" + repository;
  if (!tag.empty())
    result += ":" + tag;
  if (!digest.empty())
    result += "@" + digest;
  return result;
}

expected<image_reference> parse_reference(const std::string& text) {
  if (text.size() > longest_reference)
    return no_reference(text.substr(0, 64) + "...");
  image_reference result;
  std::string_view rest = text;
  if (auto at = rest.find('@'); at != rest.npos) {
    result.digest = std::string{rest.substr(at + 1)};
    rest = rest.substr(0, at);
    if (!is_digest(result.digest))
      return no_reference(text);
  }
  auto slash = rest.rfind('/');
  auto colon = rest.rfind(':');
  if (colon != rest.npos && (slash == rest.npos || colon > slash)) {
    result.tag = std::string{rest.substr(colon + 1)};
    rest = rest.substr(0, colon);
    if (!is_tag(result.tag))
      return no_reference(text);
  } else if (result.digest.empty()) {
    result.tag = "latest";
  }
  // The first part is a registry when it looks like a host.
  auto first = rest.substr(0, rest.find('/'));
  if (first.size() < rest.size()
      && (first.find_first_of(".:") != first.npos || first == "localhost")) {
    if (!is_registry(first))
      return no_reference(text);
    result.registry = std::string{first};
    result.repository = std::string{rest.substr(first.size() + 1)};
  } else {
    result.registry = "docker.io";
    result.repository = std::string{rest};
    if (rest.find('/') == rest.npos)
      result.repository.insert(0, "library/");
  }
  if (!is_repository(result.repository))
    return no_reference(text);
  return result;
}

expected<image_config> find_image(const std::string& folder,
                                  const std::string& text) {
  auto ref = parse_reference(text);
  if (!ref)
    return ref.error();
  std::error_code ignored;
  for (auto& place : places(*ref, text)) {
    auto path = folder + "/" + place + "/config.json";
    if (!std::filesystem::is_regular_file(path, ignored))
      continue;
    if (std::filesystem::file_size(path, ignored) > largest_config)
      return make_error(ec::invalid, path + " is too large");
    auto result = read_config(path);
    if (result) {
      result->reference = ref->whole();
      result->folder = folder + "/" + place;
    }
    return result;
  }
  return make_error(ec::not_found,
                    "image \"" + text
                        + "\" is not on this machine: there is no " + folder
                        + "/" + text
                        + "/config.json, and the container has no command of "
                          "its own");
}

std::vector<std::string> process_arguments(const image_config& image,
                                           std::vector<std::string> command,
                                           std::vector<std::string> args) {
  // Kubernetes: a command replaces the entrypoint and with it the image's
  // arguments; arguments alone replace only those.
  if (command.empty()) {
    command = image.entrypoint;
    if (args.empty())
      args = image.command;
  }
  auto result = std::move(command);
  result.insert(result.end(), args.begin(), args.end());
  return result;
}

} // namespace troupe::process
