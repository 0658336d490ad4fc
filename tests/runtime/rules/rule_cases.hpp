#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/strategy.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::rules {

/// What a rule lets pass and what it refuses, and where it says so.
struct rule_case {
  std::string group;
  std::string kind;
  std::string rule;
  std::string field; ///< of the finding; "" for errors that name none
  std::function<std::vector<field_error>()> accepted;
  std::function<std::vector<field_error>()> refused;
};

inline void PrintTo(const rule_case& one, std::ostream* out) {
  *out << one.kind << " " << one.rule;
}

using rule_cases = std::vector<rule_case>;

void add_general_cases(rule_cases& all);
void add_container_cases(rule_cases& all);
void add_volume_cases(rule_cases& all);
void add_placement_cases(rule_cases& all);
void add_pod_cases(rule_cases& all);
void add_workload_cases(rule_cases& all);
void add_service_cases(rule_cases& all);
void add_endpoints_cases(rule_cases& all);
void add_config_cases(rule_cases& all);
void add_cluster_cases(rule_cases& all);
void add_set_cases(rule_cases& all);
void add_job_cases(rule_cases& all);
void add_policy_cases(rule_cases& all);

inline std::string joined(std::initializer_list<std::string_view> parts) {
  std::string result;
  for (auto part : parts)
    result.append(part);
  return result;
}

template <class T>
T from_text(const std::string& text) {
  T result;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &result))
      << text;
  return result;
}

/// Shows an error of an operation as if it were a finding.
inline std::vector<field_error> as_findings(const caf::error& err) {
  if (!err)
    return {};
  return {{"", "", message_of(err)}};
}

/// Builds the cases of one kind from a good object, read from text and given
/// its defaults, and from what changes it.
template <class T>
class kind_cases {
public:
  using change = std::function<void(T&)>;

  kind_cases(rule_cases& all, std::string group, std::string kind,
             std::string text)
      : all_(all),
        group_(std::move(group)),
        kind_(std::move(kind)),
        text_(std::move(text)) {
    // nop
  }

  T good() const {
    auto result = from_text<T>(text_);
    apply_defaults(result);
    return result;
  }

  /// `bad` turns a good object into one that cannot be created.
  void create(
      std::string rule, std::string field, change bad,
      change fine = [](T&) {}) {
    add(std::move(rule), std::move(field), std::move(bad), std::move(fine),
        [this_good = *this](const change& f) {
          auto obj = this_good.good();
          f(obj);
          return validate_create(obj);
        });
  }

  /// `bad` turns a stored object into one that it cannot become. `before`
  /// changes the stored one.
  void update(
      std::string rule, std::string field, change bad, change fine = [](T&) {},
      change before = [](T&) {}) {
    add(std::move(rule), std::move(field), std::move(bad), std::move(fine),
        [self = *this, before](const change& f) {
          auto old = self.good();
          before(old);
          auto obj = old;
          f(obj);
          prepare_for_update(obj, old);
          return validate_update(obj, old);
        });
  }

  /// The same for a write to the status.
  void status(
      std::string rule, std::string field, change bad, change fine = [](T&) {},
      change before = [](T&) {}) {
    add(std::move(rule), std::move(field), std::move(bad), std::move(fine),
        [self = *this, before](const change& f) {
          auto old = self.good();
          before(old);
          auto obj = old;
          f(obj);
          prepare_for_status_update(obj, old);
          return validate_status_update(obj, old);
        });
  }

  /// A rule that is a function of its own.
  void call(std::string rule, std::string field,
            std::function<std::vector<field_error>()> refused,
            std::function<std::vector<field_error>()> accepted) {
    all_.push_back({group_, kind_, std::move(rule), std::move(field),
                    std::move(accepted), std::move(refused)});
  }

private:
  template <class F>
  void add(std::string rule, std::string field, change bad, change fine,
           F run) {
    all_.push_back({group_, kind_, std::move(rule), std::move(field),
                    [run, fine] { return run(fine); },
                    [run, bad] { return run(bad); }});
  }

  rule_cases& all_;
  std::string group_;
  std::string kind_;
  std::string text_;
};

} // namespace troupe::rules
