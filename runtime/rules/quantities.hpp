#pragma once

#include "messages/api/meta.pb.h"
#include "runtime/rules/findings.hpp"
#include "runtime/text/quantity.hpp"

#include <google/protobuf/map.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Rules for amounts of resources and for the names of resources.
namespace troupe::rules {

/// cpu, memory, ephemeral-storage or hugepages-<size>.
bool standard_container_resource(std::string_view name);

/// A name in no domain, or in Kubernetes' own.
bool native_resource(std::string_view name);

/// One of the names that Kubernetes itself gives a meaning: of what containers
/// ask for, or of what is counted.
bool standard_resource(std::string_view name);

/// A qualified name outside of Kubernetes' own domain: counted in whole pieces.
bool extended_resource(std::string_view name);

/// Reports what no resource of a container can be called.
void check_container_resource(const std::string& name, const field_path& at,
                              findings& out);

/// Reports what no resource can be called.
void check_resource(const std::string& name, const field_path& at,
                    findings& out);

/// Reports what is no amount or negative; nothing when it cannot be read.
std::optional<text::quantity> check_amount(const meta::v1::Quantity& amount,
                                           const field_path& at, findings& out);

/// Checks every amount of a map; extended resources come in whole numbers.
std::map<std::string, text::quantity>
check_amounts(const google::protobuf::Map<std::string, meta::v1::Quantity>& all,
              const field_path& at, findings& out);

/// Kubernetes: amounts of resources come in thousandths; what is finer is
/// rounded away from zero.
void round_amounts(google::protobuf::Map<std::string, meta::v1::Quantity>& all);

/// Checks what pods take beyond what their containers ask for. Kubernetes: as
/// the limits of a container, and so they are called in what is found.
void check_overhead(
    const google::protobuf::Map<std::string, meta::v1::Quantity>& overhead,
    const field_path& at, findings& out);

} // namespace troupe::rules
