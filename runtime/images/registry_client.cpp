#include "runtime/images/registry_client.hpp"

#include "runtime/images/digest.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::images {

namespace {

constexpr size_t largest_token = 1 << 20;
constexpr size_t largest_refusal = 64 << 10;

/// What the registry says is wrong, in a form that can be shown.
std::string said(const std::string& body) {
  auto from = text::parse_json(body);
  std::string result;
  if (!from || !from->is_object())
    return result;
  // The library throws; nothing of that leaves here.
  try {
    for (auto& each : from->at("errors")) {
      auto code = each.value("code", std::string{});
      auto message = each.value("message", std::string{});
      result += (result.empty() ? "" : "; ") + code
                + (code.empty() || message.empty() ? "" : ": ") + message;
    }
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return result.substr(0, 512);
}

ec code_of(long status) {
  switch (status) {
    case 401:
      return ec::unauthorized;
    case 403:
      return ec::forbidden;
    case 404:
      return ec::not_found;
    case 429:
      return ec::too_many_requests;
    default:
      return ec::service_unavailable;
  }
}

caf::error refusal(long status, const std::string& what,
                   const std::string& body) {
  auto words = said(body);
  auto code = code_of(status);
  if (code == ec::not_found)
    return make_error(code, what + ": not found");
  if (code == ec::unauthorized || code == ec::forbidden)
    return make_error(code,
                      "pull access denied, repository does not exist or may "
                      "require authorization"
                          + (words.empty() ? "" : ": " + words));
  return make_error(code, what + ": unexpected status " + std::to_string(status)
                              + (words.empty() ? "" : ": " + words));
}

std::string accepted() {
  return std::string{media::oci_index} + ", " + media::docker_list + ", "
         + media::oci_manifest + ", " + media::docker_manifest;
}

/// The start of "bytes 5-9/10"; nothing when it is none.
std::optional<uint64_t> start_of(const std::string& range) {
  if (range.rfind("bytes ", 0) != 0)
    return std::nullopt;
  return std::strtoull(range.c_str() + 6, nullptr, 10);
}

} // namespace

http_call registry_client::request(const std::string& url, header_map headers) {
  http_call result;
  result.url = url;
  result.headers = std::move(headers);
  for (auto& [name, value] : host_.headers)
    result.headers[name] = value;
  result.skip_verify = host_.skip_verify;
  result.authorities = host_.authorities;
  result.client_certificate = host_.client_certificate;
  result.client_key = host_.client_key;
  result.connect_timeout = options_.connect_timeout;
  result.silence = options_.silence;
  result.cancelled = options_.cancelled;
  return result;
}

expected<http_head> registry_client::get(const std::string& path,
                                         const std::string& what,
                                         header_map headers,
                                         const body_sink& take) {
  for (int i = 0;; ++i) {
    auto ask = request(host_.url + "/" + repository_ + path, headers);
    {
      std::lock_guard guard{mutex_};
      if (basic_) {
        ask.user = who_.user;
        ask.password = who_.password;
      } else if (!authorization_.empty()) {
        ask.headers["Authorization"] = authorization_;
      }
    }
    std::string refused;
    auto head = call(ask, [&](const http_head& h, std::string_view piece) {
      if (h.status == 200 || h.status == 206)
        return take(h, piece);
      if (refused.size() < largest_refusal)
        refused += piece.substr(0, largest_refusal);
      return caf::error{};
    });
    if (!head || head->status == 200 || head->status == 206
        || head->status == 416)
      return head;
    if (head->status != 401 || i > 0)
      return refusal(head->status, what, refused);
    if (auto err = authorize(*head))
      return err;
  }
}

caf::error registry_client::authorize(const http_head& head) {
  auto all = parse_challenges(head.all("www-authenticate"));
  auto find = [&](const char* scheme) {
    return std::find_if(all.begin(), all.end(),
                        [&](auto& x) { return x.scheme == scheme; });
  };
  if (auto bearer = find("bearer"); bearer != all.end()) {
    auto token = who_.registry_token.empty() ? fetch_token(*bearer)
                                             : who_.registry_token;
    if (!token)
      return token.error();
    std::lock_guard guard{mutex_};
    authorization_ = "Bearer " + *token;
    return {};
  }
  if (find("basic") != all.end() && !who_.user.empty()) {
    std::lock_guard guard{mutex_};
    basic_ = true;
    return {};
  }
  return refusal(401, repository_, {});
}

expected<std::string> registry_client::fetch_token(const challenge& bearer) {
  auto url = token_url(bearer, "repository:" + repository_ + ":pull");
  // Whom it calls on must be as hard to listen to as itself.
  if (url.rfind("https://", 0) != 0
      && (url.rfind("http://", 0) != 0 || host_.url.rfind("https://", 0) == 0))
    return make_error(ec::forbidden,
                      "the registry's token service is not on https");
  auto ask = request(url, {});
  ask.headers.clear();
  if (!who_.identity_token.empty()) {
    auto query = url.find('?');
    ask.url = url.substr(0, query);
    ask.form = "grant_type=refresh_token&client_id=troupe&refresh_token="
               + percent_encode(who_.identity_token);
    if (query != url.npos)
      ask.form += "&" + url.substr(query + 1);
  } else {
    ask.user = who_.user;
    ask.password = who_.password;
  }
  auto got = call(ask, largest_token);
  if (!got)
    return got.error();
  if (got->head.status != 200)
    return refusal(got->head.status == 404 ? 401 : got->head.status,
                   "token of " + repository_, got->body);
  return read_token(got->body);
}

expected<std::string> registry_client::get_bytes(const std::string& path,
                                                 const std::string& what,
                                                 header_map headers,
                                                 http_head& head) {
  std::string bytes;
  auto got = get(path, what, std::move(headers),
                 [&](const http_head&, std::string_view piece) {
                   if (bytes.size() + piece.size() > options_.documents.bytes)
                     return make_error(ec::invalid, what + " is too large");
                   bytes += piece;
                   return caf::error{};
                 });
  if (!got)
    return got.error();
  head = std::move(*got);
  return bytes;
}

expected<fetched_document>
registry_client::document(const std::string& target) {
  http_head head;
  auto by_digest = is_digest(target);
  auto bytes = get_bytes("/manifests/" + target,
                         repository_ + (by_digest ? "@" : ":") + target,
                         {{"Accept", accepted()}}, head);
  if (!bytes)
    return bytes.error();
  fetched_document result;
  auto claimed = by_digest ? target : head.header("docker-content-digest");
  hasher hash{claimed.empty() ? "sha256" : algorithm_of(claimed)};
  hash.update(*bytes);
  result.digest = hash.finish();
  if (!claimed.empty() && claimed != result.digest)
    return make_error(ec::invalid, "manifest " + claimed + ": its digest is "
                                       + result.digest);
  auto type = head.header("content-type");
  result.media_type = type.substr(0, type.find(';'));
  result.bytes = std::move(*bytes);
  return result;
}

expected<std::string> registry_client::small_blob(const descriptor& what) {
  if (what.size > options_.documents.bytes)
    return make_error(ec::invalid, "blob " + what.digest + " is too large");
  http_head head;
  auto bytes =
      get_bytes("/blobs/" + what.digest, "blob " + what.digest, {}, head);
  if (!bytes)
    return bytes;
  hasher hash{algorithm_of(what.digest)};
  hash.update(*bytes);
  if (auto found = hash.finish(); found != what.digest)
    return make_error(ec::invalid,
                      "blob " + what.digest + ": its digest is " + found);
  return bytes;
}

caf::error
registry_client::get_rest(const descriptor& what, blob_writer& to,
                          const std::function<void(uint64_t)>& progress) {
  header_map headers;
  if (to.offset() > 0)
    headers["Range"] = "bytes=" + std::to_string(to.offset()) + "-";
  bool begun = false;
  auto head =
      get("/blobs/" + what.digest, "blob " + what.digest, headers,
          [&](const http_head& h, std::string_view piece) {
            if (!begun) {
              begun = true;
              auto start = h.status == 206 ? start_of(h.header("content-range"))
                                           : std::optional<uint64_t>{0};
              // Some send all of it again.
              if (start != to.offset())
                if (auto err = start == 0 ? to.restart()
                                          : make_error(ec::invalid,
                                                       "blob " + what.digest
                                                           + ": not the part "
                                                             "that was asked "
                                                             "for"))
                  return err;
            }
            auto err = to.write(piece);
            if (!err && progress)
              progress(to.offset());
            return err;
          });
  if (!head)
    return head.error();
  // There is no more of it than is here: what is here is wrong.
  return head->status == 416 ? to.restart() : caf::error{};
}

caf::error
registry_client::blob(const descriptor& what, blob_writer& to,
                      const std::function<void(uint64_t)>& progress) {
  caf::error last;
  for (int left = options_.attempts; to.offset() < what.size && left > 0;) {
    auto before = to.offset();
    last = get_rest(what, to, progress);
    // What breaks off is gone on with; all else would be the same again.
    if (last && !is(last, ec::service_unavailable))
      return last;
    if (!last && to.offset() < what.size)
      last = make_error(ec::service_unavailable,
                        "blob " + what.digest + ": got "
                            + std::to_string(to.offset()) + " of "
                            + std::to_string(what.size) + " bytes");
    if (to.offset() <= before)
      --left;
  }
  if (to.offset() < what.size)
    return last;
  return to.commit();
}

} // namespace troupe::images
