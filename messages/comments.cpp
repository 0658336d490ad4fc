#include "messages/comments.hpp"

namespace troupe {

/// Made by the build from messages/api/*.proto: a line break, then lines
/// "full.name<TAB>text". One text, so that nothing of it is touched or
/// relocated before somebody asks.
extern const char embedded_comments[];

std::string comment_of(std::string_view full_name) {
  std::string_view all{embedded_comments};
  auto key = "\n" + std::string{full_name} + "\t";
  auto at = all.find(key);
  if (at == all.npos)
    return {};
  at += key.size();
  return std::string{all.substr(at, all.find('\n', at) - at)};
}

} // namespace troupe
