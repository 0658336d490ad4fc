#include "runtime/text/go_template.hpp"

#include "runtime/text/template_functions.hpp"
#include "runtime/text/template_parser.hpp"

#include <algorithm>
#include <stdexcept>

namespace troupe::text {

namespace {

/// Nodes that are visited and bytes that are printed, at most.
constexpr size_t most_work = 20'000'000;

using kind = template_node::kind;

/// What went wrong, thrown inside of this file only.
struct failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template_value value_of(document doc) {
  return std::make_shared<const document>(std::move(doc));
}

/// A part of a document, which keeps all of it.
template_value part(const template_value& whole, const document& inner) {
  return {whole, &inner};
}

/// Carries a template out over one document.
class runner {
public:
  explicit runner(const document& root)
      : root_(std::shared_ptr<const document>{}, &root) {
    variables_.push_back({"", root_});
  }

  std::string run(const template_node& node) {
    walk(node.body, root_);
    return std::move(out_);
  }

private:
  enum class flow { on, leave, next };

  struct variable {
    std::string name;
    template_value value;
  };

  flow walk(const std::vector<std::unique_ptr<template_node>>& nodes,
            const template_value& dot) {
    auto known = variables_.size();
    auto result = flow::on;
    for (auto& node : nodes) {
      line_ = node->line;
      result = visit(*node, dot);
      if (result != flow::on)
        break;
    }
    variables_.resize(known);
    return result;
  }

  flow visit(const template_node& node, const template_value& dot) {
    work(1);
    switch (node.what) {
      case kind::text:
        print(node.text);
        return flow::on;
      case kind::action: {
        auto value = evaluate(node.pipeline, dot);
        if (node.pipeline.variables.empty())
          print(template_text(value));
        return flow::on;
      }
      case kind::branch:
      case kind::with:
        return choose(node, dot);
      case kind::range:
        return repeat(node, dot);
      case kind::leave:
        return flow::leave;
      case kind::next:
        return flow::next;
      default:
        return walk(node.body, dot);
    }
  }

  flow choose(const template_node& node, const template_value& dot) {
    auto known = variables_.size();
    auto value = evaluate(node.pipeline, dot);
    auto result = is_true(value)
                      ? walk(node.body, node.what == kind::with ? value : dot)
                      : walk(node.otherwise, dot);
    variables_.resize(known);
    return result;
  }

  flow repeat(const template_node& node, const template_value& dot) {
    auto known = variables_.size();
    auto over = evaluate_alone(node.pipeline, dot);
    if (over && !over->is_null() && !over->is_structured())
      throw failure{"range can't iterate over " + template_text(over)};
    auto result = flow::on;
    if (!is_true(over)) {
      result = walk(node.otherwise, dot);
    } else {
      size_t index = 0;
      for (auto item = over->begin(); item != over->end(); ++item, ++index) {
        set_loop(node.pipeline,
                 over->is_object() ? value_of(item.key())
                                   : value_of(static_cast<int64_t>(index)),
                 part(over, *item));
        auto how = walk(node.body, part(over, *item));
        variables_.resize(known);
        if (how == flow::leave)
          break;
      }
    }
    variables_.resize(known);
    return result;
  }

  /// One variable is the item, two are its index or key and the item.
  void set_loop(const template_pipeline& from, const template_value& key,
                const template_value& item) {
    auto& names = from.variables;
    if (names.size() == 2)
      set(names[0], key, from.declares);
    if (!names.empty())
      set(names.back(), item, from.declares);
  }

  // -- values -----------------------------------------------------------------

  void set(const std::string& name, template_value value, bool anew) {
    if (anew) {
      variables_.push_back({name, std::move(value)});
      return;
    }
    find(name).value = std::move(value);
  }

  variable& find(const std::string& name) {
    auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                              [&](auto& v) { return v.name == name; });
    if (found == variables_.rend())
      throw failure{"undefined variable \"$" + name + "\""};
    return *found;
  }

  template_value evaluate(const template_pipeline& from,
                          const template_value& dot) {
    auto value = evaluate_alone(from, dot);
    if (from.variables.size() > 1)
      throw failure{"too many declarations"};
    for (auto& name : from.variables)
      set(name, value, from.declares);
    return value;
  }

  /// The pipeline's value; its variables stay as they are.
  template_value evaluate_alone(const template_pipeline& from,
                                const template_value& dot) {
    template_value value;
    bool first = true;
    for (auto& command : from.commands) {
      value = run_command(command, dot, first ? nullptr : &value);
      first = false;
    }
    return value;
  }

  template_value run_command(const template_command& command,
                             const template_value& dot,
                             const template_value* piped) {
    auto& head = command.words.front();
    work(1);
    if (head.what != template_operand::kind::function) {
      if (piped != nullptr)
        throw failure{"can't give argument to what is no function"};
      return operand(head, dot);
    }
    std::vector<template_value> args;
    for (size_t i = 1; i < command.words.size(); ++i) {
      args.push_back(operand(command.words[i], dot));
      if (decides(head.name, args.back()))
        return args.back();
    }
    if (piped != nullptr)
      args.push_back(*piped);
    auto result = call_function(head.name, args);
    if (!result)
      throw failure{message_of(result.error())};
    return *result;
  }

  /// `and` and `or` do not look further than they must.
  static bool decides(const std::string& function, const template_value& x) {
    return (function == "and" && !is_true(x))
           || (function == "or" && is_true(x));
  }

  template_value operand(const template_operand& x, const template_value& dot) {
    template_value value;
    switch (x.what) {
      case template_operand::kind::dot:
        value = dot;
        break;
      case template_operand::kind::variable:
        value = find(x.name).value;
        break;
      case template_operand::kind::literal:
        return value_of(x.value);
      case template_operand::kind::pipeline:
        value = evaluate(*x.pipeline, dot);
        break;
      case template_operand::kind::function:
        return run_command(template_command_of(x), dot, nullptr);
    }
    for (auto& name : x.fields)
      value = field(value, name);
    return value;
  }

  /// A function that stands as an argument has none itself.
  static template_command template_command_of(const template_operand& x) {
    template_command result;
    result.words.emplace_back();
    result.words.back().what = x.what;
    result.words.back().name = x.name;
    return result;
  }

  static template_value field(const template_value& of,
                              const std::string& name) {
    if (!of)
      return {};
    if (of->is_null())
      throw failure{"nil pointer evaluating interface {}." + name};
    if (!of->is_object())
      throw failure{"can't evaluate field " + name + " in "
                    + template_text(of)};
    auto found = of->find(name);
    return found == of->end() ? template_value{} : part(of, *found);
  }

  void print(const std::string& text) {
    work(text.size());
    out_ += text;
  }

  void work(size_t amount) {
    done_ += amount;
    if (done_ > most_work)
      throw failure{"the template makes too much work"};
  }

public:
  size_t line() const { return line_; }

private:
  template_value root_;
  std::vector<variable> variables_;
  std::string out_;
  size_t done_ = 0;
  size_t line_ = 1;
};

} // namespace

go_template::go_template(std::unique_ptr<template_node> root)
    : root_(std::move(root)) {
  // nop
}

go_template::~go_template() = default;
go_template::go_template(go_template&&) noexcept = default;
go_template& go_template::operator=(go_template&&) noexcept = default;

expected<go_template> go_template::parse(std::string_view text) {
  auto root = parse_template(text);
  if (!root)
    return root.error();
  return go_template{std::move(*root)};
}

expected<std::string> go_template::print(const document& root) const {
  runner r{root};
  try {
    return r.run(*root_);
  } catch (const failure& e) {
    return make_error(ec::bad_request, "template: line "
                                           + std::to_string(r.line()) + ": "
                                           + e.what());
  }
}

} // namespace troupe::text
