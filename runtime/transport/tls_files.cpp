#include "runtime/transport/tls_files.hpp"

#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/openssl_handles.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <spdlog/spdlog.h>

namespace troupe {

namespace {

/// The protocol is chosen with the client's first words, before it is asked
/// for a certificate.
int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size,
                    void* joins) {
  auto takes = [&](const char* protocol) {
    auto ours = alpn_of(protocol);
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(
            &chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
            static_cast<unsigned>(ours.size()), offered, offered_size)
        != OPENSSL_NPN_NEGOTIATED)
      return false;
    // Points into what was offered, or into what is about to go.
    *out = reinterpret_cast<const unsigned char*>(protocol);
    return true;
  };
  if (takes(actors_protocol)) {
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                   nullptr);
    return SSL_TLSEXT_ERR_OK;
  }
  if (*static_cast<const std::atomic<bool>*>(joins) && takes(join_protocol)) {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Who joins has nothing but a hash of the authority to check us by.
bool show_authority(SSL_CTX* context, const std::string& path) {
  crypto::bio_handle file{BIO_new_file(path.c_str(), "r")};
  if (!file)
    return false;
  SSL_CTX_clear_chain_certs(context);
  size_t found = 0;
  while (true) {
    crypto::certificate_handle each{
        PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr)};
    if (!each)
      break;
    if (SSL_CTX_add1_chain_cert(context, each.get()) != 1)
      return false;
    ++found;
  }
  ERR_clear_error();
  return found > 0;
}

bool set_up(SSL_CTX* context, const secure_files& files) {
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
         && SSL_CTX_use_certificate_chain_file(context,
                                               files.credential.c_str())
                == 1
         && SSL_CTX_use_PrivateKey_file(context, files.credential.c_str(),
                                        SSL_FILETYPE_PEM)
                == 1
         && SSL_CTX_load_verify_locations(context, files.authority.c_str(),
                                          nullptr)
                == 1
         && show_authority(context, files.authority);
}

} // namespace

std::string alpn_of(const char* protocol) {
  std::string name{protocol};
  return static_cast<char>(name.size()) + name;
}

expected<std::shared_ptr<const tls_context>> tls_files::read() const {
  ERR_clear_error();
  auto result = std::make_shared<tls_context>();
  result->openssl.reset(SSL_CTX_new(TLS_method()));
  auto* context = result->openssl.get();
  if (context == nullptr || !set_up(context, files_))
    return crypto::openssl_error("certificates of the network");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE
                                | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  result->joins = joins_;
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, joins_.get());
  return std::shared_ptr<const tls_context>{std::move(result)};
}

expected<std::shared_ptr<const tls_context>> tls_files::current() {
  std::lock_guard guard{mutex_};
  mark now{crypto::mark_of(files_.credential),
           crypto::mark_of(files_.authority)};
  if (context_ && now == mark_)
    return context_;
  auto fresh = read();
  if (fresh) {
    context_ = *fresh;
    mark_ = now;
    return fresh;
  }
  if (!context_)
    return fresh;
  // Said once for each state that they are in.
  if (now != mark_)
    spdlog::error("cannot read certificates, the old ones serve on reason={}",
                  message_of(fresh.error()));
  mark_ = now;
  return context_;
}

} // namespace troupe
