#pragma once

#include "messages/errors.hpp"
#include "runtime/crypto/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace troupe::crypto {

/// Frees what OpenSSL made, with the function that belongs to its type.
template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* x) const {
    Free(x);
  }
};

template <class T, auto Free>
using handle = std::unique_ptr<T, freed_by<Free>>;

using key_handle = handle<EVP_PKEY, EVP_PKEY_free>;
using certificate_handle = handle<X509, X509_free>;
using bio_handle = handle<BIO, BIO_free_all>;
using digest_handle = handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using name_handle = handle<GENERAL_NAMES, GENERAL_NAMES_free>;

/// Returns an error that says what failed and OpenSSL's own reason, and
/// empties OpenSSL's queue of errors.
caf::error openssl_error(std::string_view what);

/// Returns the first private key in `pem`.
expected<key_handle> read_key(std::string_view pem);

/// Returns the first certificate in `pem`.
expected<certificate_handle> read_certificate(std::string_view pem);

/// Returns both as PEM text.
expected<credential> to_credential(EVP_PKEY* key, X509* certificate);

} // namespace troupe::crypto
