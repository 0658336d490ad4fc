#include "messages/api/meta.pb.h"
#include "runtime/http/answer_choice.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

const std::string of_meta = ";g=meta.k8s.io;v=v1";
const std::string maps = "/api/v1/namespaces/a/configmaps";

expected<answer_form> choose(std::string_view path, std::string_view accept) {
  auto to = parse_target(path);
  auto at = find_route(*to);
  return choose_form(accept, at, verb_of("GET", at, *to));
}

/// What a client that asks for a path so is told; "" when it gets it.
std::string refusal(std::string_view path, std::string_view accept) {
  auto form = choose(path, accept);
  if (form)
    return {};
  auto status = to_status(form.error());
  EXPECT_EQ(status.code(), 406) << path;
  EXPECT_EQ(status.reason(), "NotAcceptable") << path;
  return status.message() + (status.has_details() ? " {}" : "");
}

const std::string by_router = "406: Not Acceptable {}";
const std::string by_place =
    "only the following media types are accepted: application/json, "
    "application/yaml, application/vnd.kubernetes.protobuf";

// As a kube-apiserver of 1.20 answers.
TEST(AnswerChoice, RefusesWhatNoPlaceHas) {
  struct row {
    std::string path;
    std::string accept;
    std::string text;
  };
  for (auto& r : {
           row{"/api", "text/plain", by_router},
           row{"/api", "application/json;as=Table" + of_meta, by_place},
           row{"/api/v1", "image/png", by_router},
           row{"/apis", "image/png", by_place},
           row{"/apis/apps", "text/html", by_place},
           row{"/apis/apps", "text/html,*/*", ""},
           row{"/apis/apps/v1", "application/yaml;as=Table" + of_meta,
               by_place},
           row{"/version", "application/yaml", by_router},
           row{"/version", "application/json", ""},
           row{maps, "application/*", by_router},
           row{maps, "text/html", by_router},
           row{maps, "application/json;as=Scroll" + of_meta, by_place},
           row{maps, "application/json;as=Scroll" + of_meta + ",*/*", ""},
           row{maps, "application/json;v=v1", by_place},
           row{maps, "application/json;sv=v1", ""},
           row{maps, "application/json;sv=v2", by_place},
           row{maps, "application/json;stream=other", by_place},
           row{maps + "/b", "application/yaml", ""},
           row{"/healthz", "image/png", ""},
           row{maps + "/b/status", "*/*", ""},
           row{"/api/v1/namespaces/a/pods/b/log", "image/png", by_router},
           row{"/api/v1/namespaces/a/pods/b/log", "text/plain", by_place},
           row{"/api/v1/namespaces/a/pods/b/log", "text/plain,*/*", ""},
           row{"/api/v1/namespaces/a/pods/b/exec", "image/png", ""},
       })
    EXPECT_EQ(refusal(r.path, r.accept), r.text) << r.path << " " << r.accept;
}

TEST(AnswerChoice, TellsListsFromObjects) {
  auto one = "application/json;as=PartialObjectMetadata" + of_meta;
  auto many = "application/json;as=PartialObjectMetadataList" + of_meta;
  EXPECT_EQ(choose(maps, many)->as, shape::partial_list);
  EXPECT_EQ(choose(maps + "/b", one)->as, shape::partial);
  EXPECT_EQ(choose(maps + "?watch=1", one)->as, shape::partial);
  EXPECT_EQ(refusal(maps, one + ",application/json"),
            "you requested PartialObjectMetadata, but the requested object is "
            "a list (*core.ConfigMapList)");
  EXPECT_EQ(refusal("/apis/rbac.authorization.k8s.io/v1/clusterroles/b", many),
            "you requested PartialObjectMetadataList, but the requested object "
            "is not a list (*rbac.ClusterRole)");
}

TEST(AnswerChoice, HasNoWatchInYaml) {
  EXPECT_EQ(refusal(maps + "?watch=1", "application/yaml,application/json"),
            "only the following media types are accepted: "
            "application/json;stream=watch, "
            "application/vnd.kubernetes.protobuf;stream=watch");
  EXPECT_EQ(refusal(maps + "?watch=1", "application/yaml;stream=watch"),
            by_place);
  EXPECT_EQ(choose(maps + "?watch=1", "application/json;stream=watch")->bytes,
            encoding::json);
}

TEST(AnswerChoice, RefusesInWhatTheClientTakes) {
  EXPECT_EQ(refusal_form("application/yaml").bytes, encoding::yaml);
  EXPECT_EQ(refusal_form("application/vnd.kubernetes.protobuf").bytes,
            encoding::protobuf);
  // Without shapes; to who takes nothing of it, for eyes.
  auto table =
      refusal_form("application/json;as=Table" + of_meta + ",application/yaml");
  EXPECT_EQ(table.bytes, encoding::yaml);
  auto other = refusal_form("image/png");
  EXPECT_EQ(other.bytes, encoding::json);
  EXPECT_TRUE(other.pretty);
  EXPECT_FALSE(refusal_form("").pretty);
}

TEST(AnswerChoice, SaysWhatTheRouterSays) {
  for (auto& err : {no_such_place(), wrong_method()})
    EXPECT_TRUE(to_status(err).has_details());
  EXPECT_FALSE(takes_method(place::version, "HEAD"));
  EXPECT_TRUE(takes_method(place::group, "HEAD"));
  EXPECT_TRUE(takes_method(place::health, "POST"));
}

} // namespace

} // namespace troupe::http
