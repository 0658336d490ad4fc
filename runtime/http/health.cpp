#include "runtime/http/health.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/errors.hpp"
#include "runtime/http/discovery.hpp"
#include "runtime/system/version.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace troupe::http {

namespace {

using json = nlohmann::ordered_json;

bool is_left_out(const std::vector<std::string>& names,
                 const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string quoted(const std::string& name) {
  return json(name).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Kubernetes: what is to be left out and is not there is a slip of the pen.
std::string warning_of(const std::vector<std::string>& left_out,
                       const std::vector<health_check>& checks) {
  std::set<std::string> unknown{left_out.begin(), left_out.end()};
  for (auto& c : checks)
    unknown.erase(c.name);
  std::string names;
  for (auto& name : unknown)
    names += (names.empty() ? "" : ",") + quoted(name);
  return names.empty() ? ""
                       : "warn: some health checks cannot be excluded: no "
                         "matches for "
                             + names + "\n";
}

health_answer page_of_one(std::string_view name,
                          const std::vector<health_check>& checks) {
  for (auto& c : checks)
    if (c.name == name)
      return c.problem.empty()
                 ? health_answer{200, "ok"}
                 : health_answer{500,
                                 "internal server error: " + c.problem + "\n"};
  return {404, "404 page not found\n"};
}

} // namespace

namespace {

const std::vector<health_question>& all_questions() {
  static const std::vector<health_question> all{
      {"ping"},
      // What is logged goes to the standard error as it comes.
      {"log"},
      // A read of the newest state is answered when everything that it stands
      // on is well.
      {"etcd", &kind_of<core::v1::Namespace>(), {}, "default"},
      // A view answers once it has been told all that there is.
      {"informer-sync", &kind_of<core::v1::ServiceAccount>(), "default",
       "default", false, true},
      {"poststarthook/rbac/bootstrap-roles",
       &kind_of<rbac::v1::ClusterRole>(),
       {},
       "cluster-admin",
       true},
      {"poststarthook/scheduling/bootstrap-system-priority-classes",
       &kind_of<scheduling::v1::PriorityClass>(),
       {},
       "system-node-critical",
       true},
      {"poststarthook/bootstrap-controller", &kind_of<core::v1::Service>(),
       "default", "kubernetes", true},
      // Who shuts down does not answer any more.
      {"shutdown", nullptr, {}, {}, false, true},
  };
  return all;
}

} // namespace

std::vector<health_question> health_questions(std::string_view page) {
  std::vector<health_question> out;
  for (auto& each : all_questions())
    if (!each.ready_only || page == "readyz")
      out.push_back(each);
  return out;
}

std::vector<health_question>
questions_of(std::string_view page, std::string_view check,
             const std::vector<std::string>& left_out) {
  std::vector<health_question> out;
  for (auto& each : health_questions(page))
    if (check.empty() ? !is_left_out(left_out, std::string{each.check})
                      : each.check == check)
      out.push_back(each);
  return out;
}

std::string problem_of(const health_question& asked, const caf::error& err) {
  auto missing = is(err, ec::not_found);
  if (asked.must_exist)
    return missing ? "not finished" : "";
  return err && !missing ? message_of(err) : "";
}

health_answer health_page(std::string_view page, std::string_view check,
                          const std::vector<std::string>& left_out,
                          bool verbose,
                          const std::vector<health_check>& checks) {
  if (!check.empty())
    return page_of_one(check, checks);
  health_answer out;
  for (auto& c : checks) {
    if (is_left_out(left_out, c.name)) {
      out.text += "[+]" + c.name + " excluded: ok\n";
    } else if (c.problem.empty()) {
      out.text += "[+]" + c.name + " ok\n";
    } else {
      // Kubernetes: why is for the log, this page is for anybody.
      out.text += "[-]" + c.name + " failed: reason withheld\n";
      out.status = 500;
    }
  }
  out.text += warning_of(left_out, checks);
  if (out.status == 200 && !verbose)
    return {200, "ok"};
  out.text += std::string{page}
              + (out.status == 200 ? " check passed\n" : " check failed\n");
  return out;
}

std::string server_version(std::string_view version) {
  auto rest = version.substr(version.find_first_not_of('v'));
  auto dot = rest.find('.');
  auto minor = rest.substr(dot + 1);
  minor = minor.substr(0, minor.find('.'));
  json out{{"major", rest.substr(0, dot)},
           {"minor", minor},
           {"gitVersion", version},
           {"gitCommit", program_commit()},
           {"gitTreeState", "clean"},
           {"buildDate", "1970-01-01T00:00:00Z"},
           {"goVersion", ""},
           {"compiler", "g++"},
           {"platform", "linux/amd64"}};
  return out.dump(2);
}

std::string index_of_paths() {
  auto paths = json::array({"/api", "/api/v1", "/apis"});
  for (auto& group : named_groups()) {
    auto path = "/apis/" + std::string{group};
    paths.push_back(path);
    for (auto& version : versions_of(group))
      paths.push_back(path + "/" + std::string{version});
  }
  for (auto* path :
       {"/.well-known/openid-configuration", "/healthz", "/livez", "/metrics",
        "/openapi/v2", "/openapi/v3", "/openid/v1/jwks", "/readyz", "/version"})
    paths.push_back(path);
  return json{{"paths", paths}}.dump(2);
}

} // namespace troupe::http
