#pragma once

#include <google/protobuf/message.h>

#include <unordered_map>

/// How defaults are written: one walk over the object sets what the schema
/// says and calls the functions below for each message of their type, parents
/// before children; then the kind's own function runs.
namespace troupe::rules {

/// Conditional defaults that need one message only, by its type.
class default_table {
public:
  using function = void (*)(google::protobuf::Message&);

  template <class T, void (*F)(T&)>
  void add() {
    all_[T::descriptor()] = [](google::protobuf::Message& obj) {
      F(static_cast<T&>(obj));
    };
  }

  function find(const google::protobuf::Descriptor* type) const {
    auto i = all_.find(type);
    return i == all_.end() ? nullptr : i->second;
  }

private:
  std::unordered_map<const google::protobuf::Descriptor*, function> all_;
};

void add_container_defaults(default_table& table);
void add_volume_defaults(default_table& table);
void add_workload_defaults(default_table& table);
void add_cluster_defaults(default_table& table);

} // namespace troupe::rules
