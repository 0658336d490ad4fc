#pragma once

#include "messages/errors.hpp"
#include "runtime/text/document.hpp"

#include <memory>
#include <span>
#include <string>

/// The functions of go_template, over values of documents.
namespace troupe::text {

/// A value of a template; null for one that is missing.
using template_value = std::shared_ptr<const document>;

/// Whether `if` takes it: not missing, null, false, zero or empty.
bool is_true(const template_value& value);

/// Returns a value as Go's %v prints it: lists as "[a b]", maps as
/// "map[a:1 b:2]", numbers in Go's shortest form. `missing` stands for none.
std::string template_text(const template_value& value,
                          const std::string& missing = "<no value>");

/// Calls a function by its name. Fails for wrong arguments.
expected<template_value> call_function(const std::string& name,
                                       std::span<const template_value> args);

} // namespace troupe::text
