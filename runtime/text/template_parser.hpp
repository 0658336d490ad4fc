#pragma once

#include "messages/errors.hpp"
#include "runtime/text/template_node.hpp"

#include <string_view>

namespace troupe::text {

/// Reads a template; fails with what is wrong and in which line.
expected<std::unique_ptr<template_node>> parse_template(std::string_view text);

} // namespace troupe::text
