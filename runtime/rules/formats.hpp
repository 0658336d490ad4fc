#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The forms that names and other text have in the API. Each function returns
/// what is wrong, in Kubernetes' words; nothing when all is well.
namespace troupe::rules {

using problems = std::vector<std::string>;

/// Lower-case letters, digits and '-', at most 63 characters.
problems check_dns1123_label(std::string_view text);

/// Labels joined by '.', at most 253 characters.
problems check_dns1123_subdomain(std::string_view text);

/// As the label, but starts with a letter.
problems check_dns1035_label(std::string_view text);

/// What can stand in a request path: not "." or "..", no '/' and no '%'.
problems check_path_segment(std::string_view text);

/// "name" or "prefix/name", the form of label keys.
problems check_qualified_name(std::string_view text);

/// A DNS subdomain, '/', and a path.
problems check_domain_prefixed_path(std::string_view text);

/// What a label may hold.
problems check_label_value(std::string_view text);

/// A key of a ConfigMap or Secret, also used as a file name.
problems check_config_key(std::string_view text);

/// Printable ASCII without '='.
problems check_env_name(std::string_view text);

/// An IANA service name: at most 15 characters, at least one letter.
problems check_port_name(std::string_view text);

/// 1 to 65535.
problems check_port_number(int64_t number);

/// An IPv4 or IPv6 address in its usual form.
problems check_ip(std::string_view text);

/// An address range such as 10.0.0.0/8.
problems check_cidr(std::string_view text);

/// A path below some root: not absolute, without "..".
problems check_relative_path(std::string_view text);

/// An integer percentage such as "25%", or nothing.
bool is_percentage(std::string_view text);

/// Whether `text` has a ".." between slashes.
bool has_back_step(std::string_view text);

} // namespace troupe::rules
