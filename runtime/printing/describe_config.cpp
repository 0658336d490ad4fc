#include "messages/api/core_config.pb.h"
#include "messages/api/scheduling.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/text/quantity.hpp"

#include <map>

namespace troupe::printing {

namespace {

void describe_top(description& d, const subject& x) {
  describe_name(d, x.what);
  describe_labels(d, "Labels", x.what.meta().labels());
  describe_annotations(d, x.what.meta().annotations());
}

/// Title and names, one per line.
void describe_names(description& d, const std::string& title,
                    const std::vector<std::string>& names) {
  auto lead = title;
  if (names.empty())
    d.line(0, "{}\t<none>", lead);
  for (const auto& name : names) {
    d.line(0, "{}\t{}", lead, name);
    lead.assign(title.size(), ' ');
  }
}

void describe_quotas(description& d, const subject& x) {
  std::vector<object> quotas;
  for (auto& quota : x.all<core::v1::ResourceQuota>())
    if (quota.ns() == x.what.name())
      quotas.push_back(std::move(quota));
  d.line(0, "");
  if (quotas.empty()) {
    d.line(0, "No resource quota.");
    return;
  }
  d.line(0, "Resource Quotas");
  for (const auto& quota : quotas) {
    const auto& status = quota.as<core::v1::ResourceQuota>().status();
    d.line(1, "Name:\t{}", quota.name());
    d.line(1, "Resource\tUsed\tHard");
    d.line(1, "--------\t---\t---");
    std::map<std::string, std::string> rows;
    for (const auto& [name, hard] : status.hard()) {
      auto used = status.used().find(name);
      auto taken = used == status.used().end()
                       ? std::string{"0"}
                       : text::quantity::of(used->second).str();
      rows[name] = taken + "\t" + text::quantity::of(hard).str();
    }
    for (const auto& [name, amounts] : rows)
      d.line(1, "{}\t{}", name, amounts);
  }
}

} // namespace

void describe_namespace(description& d, const subject& x) {
  const auto& ns = x.what.as<core::v1::Namespace>();
  describe_top(d, x);
  d.line(0, "Status:\t{}", ns.status().phase());
  if (ns.status().conditions_size() > 0) {
    d.line(0, "Conditions:");
    d.line(1, "Type\tStatus\tLastTransitionTime\tReason\tMessage");
    d.line(1, "----\t------\t------------------\t------\t-------");
    for (const auto& c : ns.status().conditions())
      d.line(1, "{}\t{}\t{}\t{}\t{}", c.type(), c.status(),
             date_text(c.last_transition_time()), c.reason(), c.message());
  }
  describe_quotas(d, x);
  d.line(0, "");
  d.line(0, "No LimitRange resource.");
}

void describe_config_map(description& d, const subject& x) {
  const auto& map = x.what.as<core::v1::ConfigMap>();
  describe_top(d, x);
  d.raw("\nData\n====\n");
  std::map<std::string, std::string> data(map.data().begin(), map.data().end());
  for (const auto& [key, value] : data)
    d.raw(key + ":\n----\n" + value + "\n\n");
  d.raw("\nBinaryData\n====\n");
  std::map<std::string, size_t> binary;
  for (const auto& [key, value] : map.binary_data())
    binary[key] = value.size();
  for (const auto& [key, size] : binary)
    d.raw(key + ": " + std::to_string(size) + " bytes\n");
  d.raw("\n");
}

// Never the contents, only how long they are.
void describe_secret(description& d, const subject& x) {
  const auto& secret = x.what.as<core::v1::Secret>();
  describe_top(d, x);
  d.line(0, "");
  d.line(0, "Type:\t{}", secret.type());
  d.line(0, "");
  d.line(0, "Data");
  d.line(0, "====");
  std::map<std::string, size_t> data;
  for (const auto& [key, value] : secret.data())
    data[key] = value.size();
  for (const auto& [key, size] : data)
    d.line(0, "{}:\t{} bytes", key, size);
}

void describe_service_account(description& d, const subject& x) {
  const auto& account = x.what.as<core::v1::ServiceAccount>();
  std::vector<std::string> pull;
  for (const auto& ref : account.image_pull_secrets())
    pull.push_back(ref.name());
  std::vector<std::string> mountable;
  for (const auto& ref : account.secrets())
    mountable.push_back(ref.name());
  std::vector<std::string> tokens;
  for (const auto& item : x.all<core::v1::Secret>()) {
    const auto& secret = item.as<core::v1::Secret>();
    const auto& notes = secret.metadata().annotations();
    auto of = notes.find("kubernetes.io/service-account.name");
    if (secret.type() == "kubernetes.io/service-account-token"
        && of != notes.end() && of->second == x.what.name())
      tokens.push_back(item.name());
  }
  describe_top(d, x);
  describe_names(d, "Image pull secrets:", pull);
  describe_names(d, "Mountable secrets: ", mountable);
  describe_names(d, "Tokens:            ", tokens);
}

void describe_priority_class(description& d, const subject& x) {
  const auto& c = x.what.as<scheduling::v1::PriorityClass>();
  d.line(0, "Name:\t{}", x.what.name());
  d.line(0, "Value:\t{}", c.value());
  d.line(0, "GlobalDefault:\t{}", c.global_default());
  d.line(0, "PreemptionPolicy:\t{}",
         or_else(c.preemption_policy(), "PreemptLowerPriority"));
  d.line(0, "Description:\t{}", c.description());
  d.line(0, "Annotations:\t{}", labels_text(c.metadata().annotations()));
}

} // namespace troupe::printing
