#include "runtime/images/http_call.hpp"

#include "runtime/images/file_tools.hpp"
#include "runtime/images/registry_hosts.hpp"

#include <cctype>
#include <curl/curl.h>
#include <mutex>
#include <optional>

namespace troupe::images {

namespace {

constexpr int most_redirects = 10;
constexpr size_t largest_bundle = 16 << 20;
constexpr size_t most_header_bytes = 256 << 10;
constexpr auto system_bundle = "/etc/ssl/certs/ca-certificates.crt";

struct curl_end {
  void operator()(CURL* x) const { curl_easy_cleanup(x); }
  void operator()(CURLU* x) const { curl_url_cleanup(x); }
  void operator()(curl_slist* x) const { curl_slist_free_all(x); }
};
using curl_handle = std::unique_ptr<CURL, curl_end>;
using curl_address = std::unique_ptr<CURLU, curl_end>;
using curl_list = std::unique_ptr<curl_slist, curl_end>;

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307
         || status == 308;
}

std::string part_of(CURLU* address, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(address, part, &text, flags) != CURLUE_OK)
    return {};
  std::string result = text;
  curl_free(text);
  return result;
}

/// Scheme, host and port: who is asked.
std::string origin_of(CURLU* address) {
  return part_of(address, CURLUPART_SCHEME) + "://"
         + part_of(address, CURLUPART_HOST) + ":"
         + part_of(address, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

/// One request and its answer.
class exchange {
public:
  exchange(const http_call& what, const body_sink& take)
      : what_(what), take_(take), curl_(curl_easy_init()) {}

  expected<http_head> run(const std::string& url, bool own_host,
                          const std::string& host) {
    if (!curl_)
      return make_error(ec::internal_error, "no memory for a request");
    set_up(url, host);
    if (auto err = set_trust(own_host))
      return err;
    if (own_host)
      set_identity();
    auto code = curl_easy_perform(curl_.get());
    if (error_)
      return error_;
    if (code != CURLE_OK)
      return failure(code, url);
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &head_.status);
    return std::move(head_);
  }

private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(curl_.get(), option, value);
  }

  void set_up(const std::string& url, const std::string& host) {
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(what_.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(what_.silence.count()));
    set(CURLOPT_ERRORBUFFER, reason_);
    set(CURLOPT_USERAGENT, "troupe");
    // This machine is never asked by a proxy.
    if (is_loopback(host))
      set(CURLOPT_PROXY, "");
    set(CURLOPT_WRITEFUNCTION, &exchange::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &exchange::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &exchange::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    if (!what_.form.empty())
      set(CURLOPT_POSTFIELDS, what_.form.c_str());
  }

  /// Who is trusted beside the machine's authorities.
  caf::error set_trust(bool own_host) {
    if (own_host && what_.skip_verify) {
      set(CURLOPT_SSL_VERIFYPEER, 0L);
      set(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (!own_host || what_.authorities.empty())
      return {};
    for (auto& each : what_.authorities) {
      auto text = read_small(each, largest_bundle);
      if (!text)
        return text.error();
      bundle_ += *text + "\n";
    }
    if (auto text = read_small(system_bundle, largest_bundle))
      bundle_ += *text;
    curl_blob blob{bundle_.data(), bundle_.size(), CURL_BLOB_NOCOPY};
    set(CURLOPT_CAINFO_BLOB, &blob);
    return {};
  }

  void set_identity() {
    for (auto& [name, value] : what_.headers) {
      auto line = name + ": " + value;
      auto more = curl_slist_append(headers_.get(), line.c_str());
      if (more == nullptr)
        return;
      [[maybe_unused]] auto same = headers_.release();
      headers_.reset(more);
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
    if (!what_.user.empty() || !what_.password.empty()) {
      set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
      set(CURLOPT_USERNAME, what_.user.c_str());
      set(CURLOPT_PASSWORD, what_.password.c_str());
    }
    if (!what_.client_certificate.empty()) {
      set(CURLOPT_SSLCERT, what_.client_certificate.c_str());
      set(CURLOPT_SSLKEY, what_.client_key.c_str());
    }
  }

  caf::error failure(CURLcode code, const std::string& url) const {
    std::string why = reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
    auto kind = ec::service_unavailable;
    if (code == CURLE_ABORTED_BY_CALLBACK)
      return make_error(ec::timeout, "cancelled");
    if (code == CURLE_PEER_FAILED_VERIFICATION
        || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM)
      kind = ec::forbidden;
    if (code == CURLE_OPERATION_TIMEDOUT)
      why = "no answer in time";
    // The query may be somebody's right to read.
    return make_error(kind, "failed to get " + url.substr(0, url.find('?'))
                                + ": " + why);
  }

  static size_t on_body(char* data, size_t, size_t n, void* self) {
    auto& me = *static_cast<exchange*>(self);
    curl_easy_getinfo(me.curl_.get(), CURLINFO_RESPONSE_CODE, &me.head_.status);
    if (is_redirect(me.head_.status))
      return n;
    me.error_ = me.take_(me.head_, {data, n});
    return me.error_ ? 0 : n;
  }

  static size_t on_header(char* data, size_t, size_t n, void* self) {
    auto& me = *static_cast<exchange*>(self);
    std::string_view line{data, n};
    me.header_bytes_ += n;
    if (me.header_bytes_ > most_header_bytes)
      return 0;
    // The head of another answer: a proxy's, or "100 Continue".
    if (line.rfind("HTTP/", 0) == 0)
      me.head_ = {};
    auto colon = line.find(':');
    if (colon == line.npos)
      return n;
    std::string name{line.substr(0, colon)};
    for (auto& c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto value = line.substr(colon + 1);
    while (!value.empty() && std::isspace(static_cast<unsigned char>(value[0])))
      value.remove_prefix(1);
    while (!value.empty()
           && std::isspace(static_cast<unsigned char>(value.back())))
      value.remove_suffix(1);
    me.head_.headers.emplace(std::move(name), value);
    return n;
  }

  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t,
                         curl_off_t) {
    auto& me = *static_cast<exchange*>(self);
    return me.what_.cancelled && me.what_.cancelled() ? 1 : 0;
  }

  const http_call& what_;
  const body_sink& take_;
  curl_handle curl_;
  curl_list headers_;
  http_head head_;
  size_t header_bytes_ = 0;
  caf::error error_;
  std::string bundle_;
  char reason_[CURL_ERROR_SIZE] = {};
};

void begin_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

caf::error refuse_redirect(const std::string& why) {
  return make_error(ec::service_unavailable, "redirect refused: " + why);
}

} // namespace

std::string http_head::header(const std::string& name) const {
  auto at = headers.find(name);
  return at == headers.end() ? std::string{} : at->second;
}

std::vector<std::string> http_head::all(const std::string& name) const {
  std::vector<std::string> result;
  auto [begin, end] = headers.equal_range(name);
  for (auto at = begin; at != end; ++at)
    result.push_back(at->second);
  return result;
}

expected<http_head> call(const http_call& what, const body_sink& take) {
  begin_curl();
  curl_address address{curl_url()};
  if (!address
      || curl_url_set(address.get(), CURLUPART_URL, what.url.c_str(), 0)
             != CURLUE_OK)
    return make_error(ec::invalid,
                      "\"" + what.url.substr(0, 256) + "\" is no URL");
  auto first = origin_of(address.get());
  for (int i = 0; i <= most_redirects; ++i) {
    auto own_host = origin_of(address.get()) == first;
    exchange one{what, take};
    auto head = one.run(part_of(address.get(), CURLUPART_URL), own_host,
                        part_of(address.get(), CURLUPART_HOST));
    if (!head || !is_redirect(head->status) || !what.form.empty())
      return head;
    auto where = head->header("location");
    auto was_secure = part_of(address.get(), CURLUPART_SCHEME) == "https";
    if (where.empty()
        || curl_url_set(address.get(), CURLUPART_URL, where.c_str(), 0)
               != CURLUE_OK)
      return refuse_redirect("it leads nowhere");
    auto scheme = part_of(address.get(), CURLUPART_SCHEME);
    if (scheme != "https" && (was_secure || scheme != "http"))
      return refuse_redirect("it leads from "
                             + std::string{was_secure ? "https" : "http"}
                             + " to " + scheme);
  }
  return refuse_redirect("there are too many");
}

expected<http_answer> call(const http_call& what, size_t most) {
  http_answer result;
  auto head = call(what, [&](const http_head&, std::string_view piece) {
    if (result.body.size() + piece.size() > most)
      return make_error(ec::invalid, "answer is larger than "
                                         + std::to_string(most) + " bytes");
    result.body += piece;
    return caf::error{};
  });
  if (!head)
    return head.error();
  result.head = std::move(*head);
  return result;
}

} // namespace troupe::images
