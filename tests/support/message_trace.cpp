#include "tests/support/message_trace.hpp"

#include "messages/interfaces.hpp"
#include "messages/system.pb.h"

#include <caf/scheduled_actor.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <cstdio>
#include <regex>
#include <sstream>

namespace troupe::test {

namespace {

/// An error has no code where it is none.
std::string code_of(const caf::error& err) {
  return err ? std::to_string(err.code()) : "none";
}

/// An element of a message; only what names it.
std::string shown(const caf::type_erased_tuple& content, size_t index) {
  // Says what a user wrote in its context.
  if (content.match_element<caf::error>(index))
    return "error(" + code_of(content.get_as<caf::error>(index)) + ")";
  if (content.match_element<caf::down_msg>(index)) {
    auto& down = content.get_as<caf::down_msg>(index);
    return "down(" + to_string(down.source) + " " + code_of(down.reason) + ")";
  }
  if (content.match_element<caf::exit_msg>(index)) {
    auto& exit = content.get_as<caf::exit_msg>(index);
    return "exit(" + code_of(exit.reason) + ")";
  }
  if (content.match_element<std::vector<object>>(index)) {
    std::string result = "[";
    for (auto& what : content.get_as<std::vector<object>>(index))
      result += (result.size() > 1 ? " " : "") + to_string(what);
    return result + "]";
  }
  if (content.match_element<changes>(index)) {
    auto& batch = content.get_as<changes>(index);
    auto result = to_string(batch);
    for (auto& item : batch.items)
      result += " " + to_string(item.what);
    return result;
  }
  return content.stringify(index);
}

std::string shown(const caf::mailbox_element& element) {
  auto& content = element.content();
  auto mid = element.mid;
  std::string result = mid.is_response()  ? "answer"
                       : mid.is_request() ? "request"
                                          : "message";
  for (size_t i = 0; i < content.size(); ++i)
    result += " " + shown(content, i);
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    result.push_back(line);
  return result;
}

} // namespace

void message_trace::note_path(const caf::mailbox_element& element) {
  auto& content = element.content();
  if (!content.match_elements<pb<system::Started>, caf::actor>())
    return;
  auto& path = content.get_as<pb<system::Started>>(0)->path();
  paths_[content.get_as<caf::actor>(1).id()] = path;
}

void message_trace::note(caf::resumable& job, std::chrono::nanoseconds now) {
  auto* actor = dynamic_cast<caf::scheduled_actor*>(&job);
  if (actor == nullptr)
    return;
  names_.emplace(actor->id(), actor->name());
  auto* element = actor->mailbox().peek();
  if (element == nullptr)
    return;
  note_path(*element);
  lines_.push_back({now, element->sender ? element->sender->id() : 0,
                    actor->id(), shown(*element)});
}

std::string message_trace::name_of(caf::actor_id id) const {
  if (id == 0)
    return "-";
  if (auto path = paths_.find(id); path != paths_.end())
    return path->second;
  auto name = names_.find(id);
  return (name == names_.end() ? "outside" : name->second) + "#"
         + std::to_string(id);
}

std::string message_trace::text() const {
  // The node's name is one of this process.
  static const std::regex handle{"([0-9]+)@(invalid-node|[0-9A-Fa-f]+#[0-9]+)"};
  std::string result;
  for (auto& x : lines_) {
    char time[32];
    std::snprintf(time, sizeof(time), "[%14.6f] ",
                  std::chrono::duration<double>{x.at}.count());
    result += time + name_of(x.from) + " > " + name_of(x.to) + " ";
    auto rest = x.what;
    for (std::smatch found; std::regex_search(rest, found, handle);) {
      result += found.prefix().str() + name_of(std::stoull(found[1].str()));
      rest = found.suffix().str();
    }
    result += rest + "\n";
  }
  return result;
}

std::string first_difference(const std::string& one, const std::string& other) {
  constexpr size_t before = 3;
  constexpr size_t after = 2;
  auto a = lines_of(one);
  auto b = lines_of(other);
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same])
    ++same;
  if (same == a.size() && same == b.size())
    return {};
  std::string result = "line " + std::to_string(same + 1) + ":\n";
  for (auto i = same - std::min(same, before); i < same; ++i)
    result += "    " + a[i] + "\n";
  for (auto i = same; i < std::min(a.size(), same + after); ++i)
    result += "  < " + a[i] + "\n";
  for (auto i = same; i < std::min(b.size(), same + after); ++i)
    result += "  > " + b[i] + "\n";
  return result;
}

} // namespace troupe::test
