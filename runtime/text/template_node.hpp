#pragma once

#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

/// What go_template's parser makes and its runner follows.
namespace troupe::text {

struct template_pipeline;

/// One word of a command.
struct template_operand {
  enum class kind { dot, variable, literal, pipeline, function };

  kind what = kind::dot;
  std::string name;                            ///< of a variable or function
  document value;                              ///< of a literal
  std::unique_ptr<template_pipeline> pipeline; ///< in parentheses
  std::vector<std::string> fields;             ///< `.a.b` behind it
};

/// A function with its arguments, or one operand alone.
struct template_command {
  std::vector<template_operand> words;
};

/// `$k, $v := a b | c`.
struct template_pipeline {
  std::vector<std::string> variables; ///< set by it; with `:=` new ones
  bool declares = false;
  std::vector<template_command> commands;
};

struct template_node {
  enum class kind { list, text, action, branch, with, range, leave, next };

  kind what = kind::list;
  size_t line = 0;
  std::string text;
  template_pipeline pipeline;
  std::vector<std::unique_ptr<template_node>> body;
  std::vector<std::unique_ptr<template_node>> otherwise;
};

/// Whether there is a function of this name.
bool is_template_function(const std::string& name);

} // namespace troupe::text
