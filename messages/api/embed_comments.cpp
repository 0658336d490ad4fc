// A program of the build: reads a FileDescriptorSet with source information
// and writes the comments on messages and fields as a C++ source, one line
// "full.name<TAB>text" each, for messages/comments.cpp to look up.
//
//   embed_comments DESCRIPTOR_SET SOURCE

#include <google/protobuf/descriptor.pb.h>

#include <fstream>
#include <iostream>
#include <map>
#include <string>

namespace {

using namespace google::protobuf;

/// One line of text, whatever lines the comment was broken into.
std::string flowed(const std::string& comment) {
  std::string out;
  for (unsigned char c : comment) {
    if (c > ' ')
      out += static_cast<char>(c);
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ')
    out.pop_back();
  return out;
}

/// The comments of one file by the place in its descriptor.
using places = std::map<std::string, std::string>;

std::string place_of(const std::string& above, int field, int index) {
  return above + "/" + std::to_string(field) + "/" + std::to_string(index);
}

places comments_of(const FileDescriptorProto& file) {
  places result;
  for (auto& location : file.source_code_info().location()) {
    auto text = flowed(location.leading_comments());
    if (text.empty())
      continue;
    std::string place;
    for (auto step : location.path())
      place += "/" + std::to_string(step);
    result[place] = text;
  }
  return result;
}

void collect(const DescriptorProto& message, const std::string& name,
             const std::string& place, const places& comments,
             std::map<std::string, std::string>& into) {
  auto add = [&](const std::string& what, const std::string& at) {
    if (auto found = comments.find(at); found != comments.end())
      into[what] = found->second;
  };
  add(name, place);
  for (int i = 0; i < message.field_size(); ++i)
    add(name + "." + message.field(i).name(),
        place_of(place, DescriptorProto::kFieldFieldNumber, i));
  for (int i = 0; i < message.nested_type_size(); ++i)
    collect(message.nested_type(i), name + "." + message.nested_type(i).name(),
            place_of(place, DescriptorProto::kNestedTypeFieldNumber, i),
            comments, into);
}

std::string quoted(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c;
  }
  return "\"" + out + "\\n\"";
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: embed_comments DESCRIPTOR_SET SOURCE\n";
    return 2;
  }
  std::ifstream in{argv[1], std::ios::binary};
  FileDescriptorSet set;
  if (!set.ParseFromIstream(&in)) {
    std::cerr << "error: " << argv[1] << " is no descriptor set\n";
    return 1;
  }
  std::map<std::string, std::string> all;
  for (auto& file : set.file()) {
    if (file.package().rfind("troupe", 0) != 0)
      continue;
    auto comments = comments_of(file);
    for (int i = 0; i < file.message_type_size(); ++i)
      collect(file.message_type(i),
              file.package() + "." + file.message_type(i).name(),
              place_of("", FileDescriptorProto::kMessageTypeFieldNumber, i),
              comments, all);
  }
  std::ofstream out{argv[2]};
  out << "namespace troupe {\nextern const char embedded_comments[];\n"
         "const char embedded_comments[] = \"\\n\"\n";
  for (auto& [name, text] : all)
    out << quoted(name + "\t" + text) << "\n";
  out << ";\n} // namespace troupe\n";
  return out.flush() ? 0 : 1;
}
