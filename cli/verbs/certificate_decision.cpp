#include "cli/resources.hpp"
#include "cli/verbs/certificate.hpp"
#include "messages/api/certificates.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/conditions.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace troupe::cli {

namespace {

using certificates::v1::CertificateSigningRequest;

/// Others may write it meanwhile.
constexpr int most_tries = 5;

/// One of the two decisions about a request.
struct decision {
  const char* type;
  const char* other;
  const char* reason;
  const char* message;
  const char* done;
};

constexpr decision approval{"Approved", "Denied", "TroupeApprove",
                            "This CSR was approved by troupe certificate "
                            "approve.",
                            "approved"};
constexpr decision denial{"Denied", "Approved", "TroupeDeny",
                          "This CSR was denied by troupe certificate deny.",
                          "denied"};

caf::error decide(command_client& client, const std::string& name,
                  const decision& what) {
  auto& kind = kind_of<CertificateSigningRequest>();
  caf::error last;
  for (int i = 0; i < most_tries; ++i) {
    auto found = client.ask(about(call::GET, kind, {}, name));
    if (!found)
      return found.error();
    auto request = found->one().copy<CertificateSigningRequest>();
    auto& all = *request.mutable_status()->mutable_conditions();
    if (rules::find_condition(all, what.type) != nullptr)
      return caf::none;
    if (rules::find_condition(all, what.other) != nullptr)
      return make_error(ec::conflict, "certificate signing request \"" + name
                                          + "\" is already " + what.other);
    auto& fresh = *all.Add();
    fresh.set_type(what.type);
    fresh.set_status("True");
    fresh.set_reason(what.reason);
    fresh.set_message(what.message);
    auto ask = about(call::UPDATE, kind, {}, name);
    ask.set_subresource("approval");
    auto done =
        client.ask(std::move(ask),
                   object::of(request).with_revision(found->one().revision()));
    if (done)
      return caf::none;
    last = done.error();
    if (!is(last, ec::conflict))
      return last;
  }
  return last;
}

void run(const std::vector<std::string>& names, const decision& what,
         environment& env) {
  auto* client = env.client();
  if (client == nullptr)
    return;
  for (auto& name : names) {
    if (auto err = decide(*client, name, what))
      env.fail(err);
    else
      env.out() << display_name(kind_of<CertificateSigningRequest>(), name)
                << " " << what.done << "\n";
  }
}

void add(CLI::App& certificate, environment& env, const char* word,
         const char* text, const decision& what) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto* sub = certificate.add_subcommand(word, text);
  sub->add_option("NAME", *names, "Names of CertificateSigningRequests")
      ->required();
  sub->callback([names, &what, &env] { run(*names, what, env); });
}

} // namespace

void add_certificate_decisions(CLI::App& certificate, environment& env) {
  add(certificate, env, "approve",
      "Let certificates be signed that somebody asks for", approval);
  add(certificate, env, "deny", "Refuse certificates that somebody asks for",
      denial);
}

} // namespace troupe::cli
