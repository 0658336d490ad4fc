#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/http/request_body.hpp"
#include "runtime/rules/defaults.hpp"
#include "runtime/rules/strategy.hpp"
#include "runtime/text/document.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/json_writer.hpp"
#include "runtime/text/yaml_reader.hpp"
#include "runtime/text/yaml_writer.hpp"
#include "tests/fuzz/targets.hpp"

#include <google/protobuf/stubs/logging.h>
#include <nlohmann/json.hpp>

namespace troupe::fuzz {

namespace {

text::read_options small() {
  text::read_options result;
  result.max_bytes = 256u << 10;
  return result;
}

/// What was read says the same when it is written and read again.
void check_round_trip(const object& x) {
  auto written = text::to_json(x);
  auto again = text::read_json(written);
  demand(static_cast<bool>(again), "what was written can be read");
  demand(text::to_json(*again) == written, "what is read again is the same");
}

/// What the server does with what a client sent, before it is stored.
void admit(const object& x) {
  auto msg = x.clone();
  rules::apply_defaults(*msg);
  rules::prepare_for_create(*msg);
  rules::validate_create(*msg, {});
}

} // namespace

void json(std::string_view bytes) {
  std::vector<std::string> findings;
  if (auto read = text::read_json(bytes, small(), &findings)) {
    check_round_trip(*read);
    admit(*read);
  }
  if (auto tree = text::parse_json(bytes, small())) {
    auto again = text::parse_json(text::print_json(*tree));
    demand(again && *again == *tree,
           "a tree is the same when it is read again");
  }
}

void yaml(std::string_view bytes) {
  std::vector<std::string> findings;
  if (auto all = text::read_manifests(bytes, small(), &findings))
    for (auto& each : *all)
      check_round_trip(each.value);
  if (auto tree = text::parse_yaml(bytes, small())) {
    auto again = text::parse_yaml(text::print_yaml(*tree));
    demand(again && *again == *tree,
           "a tree is the same when it is read again");
  }
}

void protobuf(std::string_view bytes) {
  google::protobuf::SetLogHandler(nullptr); // as the program does
  std::vector<std::string> warnings;
  for (auto* kind :
       {&kind_of<core::v1::Pod>(), &kind_of<apps::v1::Deployment>()}) {
    auto read = http::read_object(bytes, http::encoding::protobuf, *kind,
                                  http::field_check::warn, warnings);
    if (!read)
      continue;
    demand(static_cast<bool>(text::parse_json(text::to_json(*read))),
           "whatever was read can be written");
    admit(*read);
  }
}

} // namespace troupe::fuzz
