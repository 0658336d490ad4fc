#include "messages/kinds.hpp"

#include "messages/kind_table.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cctype>
#include <unordered_map>

namespace troupe {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::MessageFactory;

struct indexes {
  std::unordered_map<std::string, const kind_info*> by_kind;
  std::unordered_map<std::string, const kind_info*> by_resource;
  std::unordered_map<std::string, const kind_info*> by_alias;
  std::unordered_map<std::string_view, const kind_info*> by_proto;

  indexes() {
    for (auto& k : all_kinds()) {
      auto group = std::string{k.group};
      auto plural = std::string{k.plural};
      by_kind.emplace(k.api_version() + "/" + std::string{k.kind}, &k);
      by_proto.emplace(k.proto_name, &k);
      if (plural.empty())
        continue;
      // The newest version of a group comes last in the table and wins.
      by_resource.insert_or_assign(group + "/" + plural, &k);
      add_alias(plural, k);
      add_alias(std::string{k.singular}, k);
      add_alias(lower(k.kind), k);
      for (auto s : k.short_names)
        add_alias(std::string{s}, k);
      if (!group.empty()) {
        auto dotted = "." + group;
        auto versioned = "." + std::string{k.version} + dotted;
        for (auto stem : {plural, std::string{k.singular}}) {
          by_alias.insert_or_assign(stem + dotted, &k);
          by_alias.insert_or_assign(stem + versioned, &k);
        }
        for (auto s : k.short_names)
          by_alias.insert_or_assign(std::string{s} + dotted, &k);
      } else {
        by_alias.emplace(plural + ".v1.", &k);
      }
    }
  }

  static std::string lower(std::string_view text) {
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    return result;
  }

private:
  void add_alias(std::string word, const kind_info& k) {
    auto [it, added] = by_alias.emplace(std::move(word), &k);
    if (!added && it->second->group == k.group)
      it->second = &k;
  }
};

const indexes& index() {
  static const indexes instance;
  return instance;
}

const kind_info*
look_up(const std::unordered_map<std::string, const kind_info*>& map,
        const std::string& key) {
  auto it = map.find(key);
  return it == map.end() ? nullptr : it->second;
}

} // namespace

const Descriptor* kind_info::descriptor() const {
  return DescriptorPool::generated_pool()->FindMessageTypeByName(
      std::string{proto_name});
}

std::unique_ptr<google::protobuf::Message> kind_info::make() const {
  auto* factory = MessageFactory::generated_factory();
  return std::unique_ptr<google::protobuf::Message>{
      factory->GetPrototype(descriptor())->New()};
}

std::string kind_info::api_version() const {
  if (group.empty())
    return std::string{version};
  return std::string{group} + "/" + std::string{version};
}

std::string kind_info::qualified_plural() const {
  if (group.empty())
    return std::string{plural};
  return std::string{plural} + "." + std::string{group};
}

bool kind_info::has_verb(std::string_view verb) const {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

bool kind_info::has_subresource(std::string_view name) const {
  return std::find(subresources.begin(), subresources.end(), name)
         != subresources.end();
}

const std::vector<kind_info>& all_kinds() {
  static const std::vector<kind_info> kinds = make_kinds();
  return kinds;
}

const kind_info* find_kind(std::string_view api_version,
                           std::string_view kind) {
  return look_up(index().by_kind,
                 std::string{api_version} + "/" + std::string{kind});
}

const kind_info* find_resource(std::string_view group,
                               std::string_view plural) {
  return look_up(index().by_resource,
                 std::string{group} + "/" + std::string{plural});
}

const kind_info* find_by_alias(std::string_view word) {
  return look_up(index().by_alias, indexes::lower(word));
}

const kind_info* find_by_descriptor(const Descriptor* type) {
  auto& map = index().by_proto;
  auto it = map.find(type->full_name());
  return it == map.end() ? nullptr : it->second;
}

} // namespace troupe
