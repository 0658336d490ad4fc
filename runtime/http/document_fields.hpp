#pragma once

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <string>

/// Members of documents as fields of messages: how documents in JSON become the
/// Protobuf that others have defined for them.
namespace troupe::http {

/// Appends the text of a member; nothing where there is none.
void append_text(std::string& out, uint32_t number, const nlohmann::json& in,
                 const char* name);

/// The same of a list of texts.
void append_texts(std::string& out, uint32_t number, const nlohmann::json& in,
                  const char* name);

/// The same of what is true; what is false is left out.
void append_truth(std::string& out, uint32_t number, const nlohmann::json& in,
                  const char* name);

/// Appends an entry of a map: name = 1, value = 2.
void append_named(std::string& out, uint32_t number, const std::string& name,
                  const std::string& value);

/// Appends the operations that a path has; `numbers` are those of get, put,
/// post, delete and patch.
void append_operations(std::string& out, const nlohmann::json& in,
                       const std::array<uint32_t, 5>& numbers,
                       std::string (*to_operation)(const nlohmann::json&));

/// Appends what gnostic's messages call extensions, members whose names begin
/// with "x-". They travel as YAML.
void append_extensions(std::string& out, uint32_t number,
                       const nlohmann::json& in);

} // namespace troupe::http
