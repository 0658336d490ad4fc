#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace troupe::images {

/// Hashes what comes bit by bit.
class hasher {
public:
  /// `algorithm` is sha256, sha384 or sha512; anything else counts as sha256.
  explicit hasher(std::string_view algorithm = "sha256");

  void update(std::string_view bytes);

  /// Returns "sha256:" and lower-case hexadecimal digits. Called once.
  std::string finish();

private:
  struct end {
    void operator()(evp_md_ctx_st* ctx) const;
  };

  std::string algorithm_;
  std::unique_ptr<evp_md_ctx_st, end> ctx_;
};

/// Returns the sha256 digest of `bytes`.
std::string digest_of(std::string_view bytes);

/// Returns why `text` is no digest that can be checked, in the words that
/// container tools have for it; empty when it is one.
std::string digest_problem(std::string_view text);

inline bool is_digest(std::string_view text) {
  return digest_problem(text).empty();
}

/// The parts of a digest that is one: before and behind the colon.
std::string_view algorithm_of(std::string_view digest);
std::string_view hex_of(std::string_view digest);

/// Returns the chain id of a layer on top of others (OCI image specification,
/// "Layer ChainID"); `parent` is empty for the lowest layer. Always a sha256.
std::string chain_id(const std::string& parent, const std::string& diff_id);

} // namespace troupe::images
