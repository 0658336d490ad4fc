#include "cli/joining.hpp"

#include "cli/join_asking.hpp"
#include "cli/server_settings.hpp"
#include "runtime/crypto/json_web_token.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/signing_request.hpp"
#include "runtime/rules/joining.hpp"
#include "runtime/system/context.hpp"
#include "runtime/system/version.hpp"

#include <google/protobuf/util/json_util.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

constexpr uint32_t our_protocol = 1;

bool is_server(const join_options& options) {
  return options.role == rules::join_role::server;
}

fs::path folder_of(const join_options& options) {
  return options.data_dir / (is_server(options) ? "pki" : "joined");
}

/// What the data directory has from an earlier time.
struct earlier {
  std::optional<crypto::credential> credential;
  std::string authority;
};

earlier read_earlier(const join_options& options) {
  earlier result;
  auto text = crypto::read_file(credential_file(options));
  auto authority = crypto::read_file(authority_file(options));
  if (!text || !authority)
    return result;
  if (auto found = crypto::parse_credential(*text))
    result.credential = std::move(*found);
  result.authority = std::move(*authority);
  return result;
}

/// Who this process is already; nothing when it must ask.
std::optional<joined> still_joined(const join_options& options,
                                   const earlier& before,
                                   const crypto::identity& who) {
  if (!before.credential)
    return std::nullopt;
  auto mine = crypto::check_certificate(
      before.authority, before.credential->certificate, real_world()->now());
  auto facts = read_facts(options.data_dir);
  if (!mine || *mine != who || !facts)
    return std::nullopt;
  return joined{who, std::move(*facts), false};
}

/// One directory is of one cluster, whatever somebody says later.
caf::error check_cluster(const join_options& options, const earlier& before,
                         const rules::join_token& token) {
  if (before.authority.empty())
    return caf::none;
  auto hash = crypto::authority_hash(before.authority);
  if (!hash || *hash == token.authority_hash)
    return caf::none;
  return make_error(ec::conflict,
                    options.data_dir.string() + " is of another cluster ("
                        + *hash
                        + "): name another with --data-dir, or remove it");
}

expected<join::JoinRequest> make_request(const join_options& options,
                                         const rules::join_token& token,
                                         const crypto::signing_request& asked,
                                         const earlier& before) {
  join::JoinRequest result;
  result.set_protocol(our_protocol);
  result.set_token_id(token.id);
  result.set_token_secret(token.secret);
  result.set_role(std::string{rules::to_string(options.role)});
  result.set_name(options.name);
  result.set_signing_request(asked.request);
  result.set_version(std::string{program_version()});
  if (before.credential) {
    auto proof = crypto::prove_return(*before.credential, asked.request);
    if (!proof)
      return proof.error();
    result.set_earlier_certificate(proof->certificate);
    result.set_earlier_signature(proof->signature);
  }
  return result;
}

/// What came must be what was asked for, by the authority that the token names.
caf::error check_answer(const join::JoinAnswer& answer,
                        const rules::join_token& token,
                        const crypto::signing_request& asked,
                        const crypto::identity& who) {
  auto hash = crypto::authority_hash(answer.authority());
  auto mine = crypto::check_certificate(
      answer.authority(), answer.certificate(), real_world()->now());
  if (!hash || *hash != token.authority_hash || !mine || *mine != who
      || !crypto::is_of_same_key(answer.certificate(), asked.request))
    return make_error(ec::unauthorized, "the server's answer is not what was "
                                        "asked for; are the clocks of both "
                                        "machines right?");
  return caf::none;
}

caf::error write(const fs::path& path, const std::string& content) {
  std::error_code failed;
  if (fs::create_directories(path.parent_path(), failed))
    fs::permissions(path.parent_path(), fs::perms::owner_all, failed);
  auto done = crypto::write_secret_file(path, content);
  return done ? caf::none : done.error();
}

/// What a server has beyond what others have.
caf::error keep_server(const join_options& options,
                       const join::ServerFacts& server) {
  auto authority = crypto::parse_credential(server.authority_pem());
  if (!authority)
    return authority.error();
  auto keys = options.data_dir / "pki";
  if (auto err = write(keys / "ca.pem", authority->pem()))
    return err;
  // What signs tokens comes after the authority's certificate.
  constexpr std::string_view end = "-----END CERTIFICATE-----\n";
  auto& pem = server.authority_pem();
  auto at = pem.find(end);
  if (at != std::string::npos && at + end.size() < pem.size())
    if (auto err =
            write(keys / crypto::token_keys_file, pem.substr(at + end.size())))
      return err;
  return write(server_settings_file(options.data_dir), server.settings());
}

caf::error write_facts(const fs::path& data_dir,
                       const join::ClusterFacts& facts) {
  std::string text;
  google::protobuf::util::JsonPrintOptions form;
  form.add_whitespace = true;
  if (!google::protobuf::util::MessageToJsonString(facts, &text, form).ok())
    return make_error(ec::internal_error, "the cluster's facts are no text");
  return write(facts_file(data_dir), text);
}

/// The credential comes last: with it, all is there.
caf::error keep(const join_options& options, const join::JoinAnswer& answer,
                const crypto::signing_request& asked) {
  if (is_server(options))
    if (auto err = keep_server(options, answer.server()))
      return err;
  if (auto err = write_facts(options.data_dir, answer.facts()))
    return err;
  if (auto err = write(authority_file(options), answer.authority()))
    return err;
  return write(credential_file(options),
               crypto::credential{asked.key, answer.certificate()}.pem());
}

} // namespace

expected<join::ClusterFacts> read_facts(const fs::path& data_dir) {
  auto text = crypto::read_file(facts_file(data_dir));
  if (!text)
    return text.error();
  join::ClusterFacts result;
  if (!google::protobuf::util::JsonStringToMessage(*text, &result).ok())
    return make_error(ec::internal_error,
                      facts_file(data_dir).string() + " tells of no cluster");
  return result;
}

caf::error keep_servers(const fs::path& data_dir,
                        const std::vector<std::string>& servers) {
  auto facts = read_facts(data_dir);
  if (!facts)
    return facts.error();
  facts->clear_servers();
  for (auto& each : servers)
    facts->add_servers(each);
  return write_facts(data_dir, *facts);
}

fs::path credential_file(const join_options& options) {
  return folder_of(options)
         / (is_server(options) ? "server.pem" : "credential.pem");
}

fs::path authority_file(const join_options& options) {
  return folder_of(options) / "ca.crt";
}

fs::path facts_file(const fs::path& data_dir) {
  return data_dir / "joined" / "cluster.json";
}

expected<joined>
join_cluster(const join_options& options,
             const std::function<void(const std::string&)>& tell) {
  return join_cluster(options, means_of_joining(), tell);
}

expected<joined>
join_cluster(const join_options& options, const join_means& means,
             const std::function<void(const std::string&)>& tell) {
  auto who = rules::joining_identity(options.role, options.name);
  if (!who)
    return make_error(ec::bad_request, message_of(who.error()));
  auto before = read_earlier(options);
  if (auto known = still_joined(options, before, *who))
    return std::move(*known);
  auto way = find_way(options);
  if (!way)
    return way.error();
  if (auto err = check_cluster(options, before, way->token))
    return err;
  auto asked = crypto::request_certificate(*who);
  if (!asked)
    return asked.error();
  auto request = make_request(options, way->token, *asked, before);
  if (!request)
    return request.error();
  auto answer = ask_to_join(*way, request->SerializeAsString(), means, tell);
  if (!answer)
    return answer.error();
  if (auto err = check_answer(*answer, way->token, *asked, *who))
    return err;
  if (auto err = keep(options, *answer, *asked))
    return err;
  auto& facts = answer->facts();
  tell("Joined: cluster " + facts.cluster_name() + " (" + facts.cluster_id()
       + ") as " + who->user);
  return joined{std::move(*who), facts, true};
}

} // namespace troupe::cli
