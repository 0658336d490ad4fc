#include "runtime/images/registry_hosts.hpp"

#include "runtime/images/file_tools.hpp"

#define TOML_EXCEPTIONS 0
#include <algorithm>
#include <arpa/inet.h>
// It asserts what hostile text makes untrue; what it reads wrong it refuses.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

constexpr size_t largest_file = 1 << 20;

caf::error refuse(const std::string& what) {
  return make_error(ec::invalid, what);
}

std::string without_slash(std::string text) {
  while (!text.empty() && text.back() == '/')
    text.pop_back();
  return text;
}

/// A URL as it stands in the file; without a scheme it is https.
expected<std::string> api_url(std::string text, bool override_path) {
  if (text.find("://") == text.npos)
    text =
        (is_loopback(text.substr(0, text.find('/'))) ? "http://" : "https://")
        + text;
  if (text.rfind("https://", 0) != 0 && text.rfind("http://", 0) != 0)
    return refuse("\"" + text + "\" is neither http nor https");
  text = without_slash(text);
  auto has_version =
      text.size() > 3 && text.compare(text.size() - 3, 3, "/v2") == 0;
  return override_path || has_version ? text : text + "/v2";
}

expected<std::vector<std::string>>
texts(const toml::node_view<const toml::node> from, const std::string& key) {
  std::vector<std::string> result;
  if (!from)
    return result;
  if (auto one = from.value<std::string>())
    return std::vector<std::string>{*one};
  auto list = from.as_array();
  if (list == nullptr)
    return refuse(key + " is no list");
  for (auto& each : *list) {
    auto text = each.value<std::string>();
    if (!text)
      return refuse(key + " holds what is no text");
    result.push_back(*text);
  }
  return result;
}

/// Reads what a host, or the whole file, says of one server.
class host_reader {
public:
  host_reader(const toml::table& from, const fs::path& folder)
      : from_(from), folder_(folder) {}

  expected<registry_host> read(const std::string& url) {
    registry_host result;
    auto whole = api_url(url, from_["override_path"].value_or(false));
    if (!whole)
      return whole.error();
    result.url = *whole;
    result.skip_verify = from_["skip_verify"].value_or(false);
    for (auto err : {read_capabilities(result), read_authorities(result),
                     read_client(result), read_headers(result)})
      if (err)
        return err;
    return result;
  }

private:
  caf::error read_capabilities(registry_host& out) {
    if (!from_["capabilities"])
      return {};
    auto all = texts(from_["capabilities"], "capabilities");
    if (!all)
      return all.error();
    auto has = [&](const char* word) {
      return std::find(all->begin(), all->end(), word) != all->end();
    };
    out.resolve = has("resolve");
    out.pull = has("pull");
    return {};
  }

  caf::error read_authorities(registry_host& out) {
    auto all = texts(from_["ca"], "ca");
    if (!all)
      return all.error();
    for (auto& each : *all)
      out.authorities.push_back(folder_ / each);
    return {};
  }

  /// A file with both, or the first pair of certificate and key.
  caf::error read_client(registry_host& out) {
    auto from = from_["client"];
    if (!from)
      return {};
    if (auto one = from.value<std::string>()) {
      out.client_certificate = out.client_key = folder_ / *one;
      return {};
    }
    auto list = from.as_array();
    if (list == nullptr || list->empty())
      return refuse("client is no file");
    if (auto pair = list->get_as<toml::array>(0)) {
      auto certificate = (*pair).get(0);
      auto key = (*pair).get(1);
      if (certificate == nullptr || !certificate->is_string())
        return refuse("client holds what is no file");
      out.client_certificate = folder_ / *certificate->value<std::string>();
      out.client_key = key != nullptr && key->is_string()
                           ? folder_ / *key->value<std::string>()
                           : out.client_certificate;
      return {};
    }
    auto one = list->get(0)->value<std::string>();
    if (!one)
      return refuse("client holds what is no file");
    out.client_certificate = out.client_key = folder_ / *one;
    return {};
  }

  caf::error read_headers(registry_host& out) {
    auto from = from_["header"].as_table();
    if (from == nullptr)
      return {};
    for (auto&& [key, value] : *from) {
      auto all = texts(toml::node_view<const toml::node>{value}, "header");
      if (!all)
        return all.error();
      for (auto& each : *all)
        out.headers[std::string{key.str()}] = each;
    }
    return {};
  }

  const toml::table& from_;
  const fs::path& folder_;
};

expected<std::vector<registry_host>> read_hosts(const toml::table& from,
                                                const std::string& registry,
                                                const fs::path& folder) {
  // In the order of the file, which the table does not keep.
  std::vector<std::pair<std::string, const toml::table*>> mirrors;
  if (from["host"] && !from["host"].is_table())
    return refuse("host is no table");
  if (auto hosts = from["host"].as_table())
    for (auto&& [key, value] : *hosts) {
      if (!value.is_table())
        return refuse("host is no table");
      mirrors.emplace_back(std::string{key.str()}, value.as_table());
    }
  std::stable_sort(mirrors.begin(), mirrors.end(), [](auto& a, auto& b) {
    return a.second->source().begin.line < b.second->source().begin.line;
  });
  std::vector<registry_host> result;
  auto usual = usual_host(registry);
  for (auto& [url, table] : mirrors) {
    auto one = host_reader{*table, folder}.read(url);
    if (!one)
      return one.error();
    one->upstream = one->url == usual.url;
    result.push_back(std::move(*one));
  }
  auto server = from["server"].value<std::string>();
  if (from["server"] && (!server || server->empty()))
    return refuse("server is no URL");
  auto last = host_reader{from, folder}.read(server ? *server : usual.url);
  if (!last)
    return last.error();
  if (std::none_of(result.begin(), result.end(),
                   [&](auto& x) { return x.url == last->url; }))
    result.push_back(std::move(*last));
  else
    for (auto& each : result)
      each.upstream = each.upstream || each.url == last->url;
  return result;
}

/// The authorities in a folder without a hosts.toml, as docker has them.
std::vector<fs::path> certificates_in(const fs::path& folder) {
  std::vector<fs::path> result;
  std::error_code ignored;
  for (auto& each : fs::directory_iterator{folder, ignored})
    if (each.path().extension() == ".crt")
      result.push_back(each.path());
  std::sort(result.begin(), result.end());
  return result;
}

/// The folders that may tell of a registry, as containerd names them.
std::vector<std::string> names_of(const std::string& registry) {
  std::vector<std::string> result;
  if (auto colon = registry.rfind(':'); colon != registry.npos)
    result.push_back(registry.substr(0, colon) + "_"
                     + registry.substr(colon + 1) + "_");
  result.push_back(registry);
  result.push_back("_default");
  return result;
}

} // namespace

bool is_loopback(const std::string& registry) {
  auto host = registry;
  if (auto colon = host.rfind(':');
      colon != host.npos && host.find(']', colon) == host.npos)
    host.resize(colon);
  in_addr address{};
  auto is_address = inet_pton(AF_INET, host.c_str(), &address) == 1;
  return host == "localhost" || host == "[::1]" || host == "::1"
         || (is_address && ntohl(address.s_addr) >> 24 == 127);
}

registry_host usual_host(const std::string& registry) {
  registry_host result;
  auto secure = !is_loopback(registry)
                || (registry.size() > 4
                    && registry.compare(registry.size() - 4, 4, ":443") == 0);
  result.url = (secure ? "https://" : "http://")
               + (registry == "docker.io" ? "registry-1.docker.io" : registry)
               + "/v2";
  return result;
}

expected<std::vector<registry_host>> parse_hosts(std::string_view text,
                                                 const std::string& registry,
                                                 const fs::path& folder) {
  auto parsed = toml::parse(text);
  if (!parsed)
    return refuse("line " + std::to_string(parsed.error().source().begin.line)
                  + ": " + std::string{parsed.error().description()});
  return read_hosts(parsed.table(), registry, folder);
}

expected<std::vector<registry_host>>
hosts_of(const std::string& registry, const std::vector<fs::path>& folders) {
  for (auto& name : names_of(registry))
    for (auto& folder : folders) {
      auto place = folder / name;
      auto text = read_small(place / "hosts.toml", largest_file);
      if (text) {
        auto hosts = parse_hosts(*text, registry, place);
        if (!hosts)
          return refuse((place / "hosts.toml").string() + ": "
                        + message_of(hosts.error()));
        return hosts;
      }
      if (!is(text.error(), ec::not_found))
        return text.error();
      auto all = certificates_in(place);
      if (all.empty())
        continue;
      auto host = usual_host(registry);
      host.authorities = std::move(all);
      return std::vector<registry_host>{std::move(host)};
    }
  return std::vector<registry_host>{usual_host(registry)};
}

std::vector<fs::path> usual_host_folders(const fs::path& own) {
  return {own, "/etc/troupe/certs.d", "/etc/containerd/certs.d"};
}

} // namespace troupe::images
