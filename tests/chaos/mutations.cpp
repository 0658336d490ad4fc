#include "tests/chaos/mutations.hpp"

#include <vector>

namespace troupe::test {

namespace {

using text::document;

size_t below(std::mt19937_64& dice, size_t size) {
  return static_cast<size_t>(dice() % size);
}

/// All places of the document, as JSON pointers.
void places(const document& at, const document::json_pointer& path,
            std::vector<document::json_pointer>& out) {
  if (!path.empty())
    out.push_back(path);
  if (at.is_object())
    for (auto& [key, value] : at.items())
      places(value, path / key, out);
  else if (at.is_array())
    for (size_t i = 0; i < at.size(); ++i)
      places(at[i], path / i, out);
}

std::string last_name(document::json_pointer path) {
  while (!path.empty()) {
    auto word = path.back();
    if (word.find_first_not_of("0123456789") != std::string::npos)
      return word;
    path.pop_back();
  }
  return {};
}

document nested(int depth) {
  document result = 1;
  for (int i = 0; i < depth; ++i)
    result = i % 2 ? document{{"a", std::move(result)}}
                   : document::array({std::move(result)});
  return result;
}

document strange_value(std::mt19937_64& dice) {
  const std::vector<document> all{
      nullptr,
      true,
      false,
      0,
      -1,
      1,
      65536,
      2147483648,
      -2147483649,
      9223372036854775807,
      1.5,
      1e300,
      "",
      " ",
      "-",
      ".",
      "..",
      "/",
      "../../etc/passwd",
      "true",
      "12",
      "0x10",
      "-5",
      "1e3",
      "1Ki",
      "10%",
      "101%",
      "-1%",
      "UPPER",
      "under_score",
      "dotted.name",
      "a b",
      "a\nb",
      "a\tb",
      std::string{"a\0b", 3},
      "\x1b[31m",
      "ümläut",
      "\xf0\x9f\x98\x80",
      "$(A)",
      "${A}",
      "{{.}}",
      "%s%n",
      "a,b=c",
      "2026-13-45T99:99:99Z",
      "256.256.256.256",
      "fe80::1",
      std::string(64, 'a'),
      std::string(254, 'a'),
      std::string(5000, 'x'),
      std::string(300'000, 'y'),
      document::array(),
      document::object(),
      document::array({1, "a", nullptr}),
      document::array({document::object()}),
      document{{"unknown", 1}},
      nested(5),
      nested(150),
  };
  return all[below(dice, all.size())];
}

/// The key of an object is renamed.
bool rename(document& doc, const document::json_pointer& path,
            const std::string& to) {
  auto parent = path.parent_pointer();
  if (path.empty() || !doc[parent].is_object())
    return false;
  auto value = doc[path];
  doc[parent].erase(path.back());
  doc[parent][to] = std::move(value);
  return true;
}

std::string change_one(document& doc, const document::json_pointer& path,
                       std::mt19937_64& dice) {
  switch (below(dice, 8)) {
    case 0: {
      auto parent = path.parent_pointer();
      if (doc[parent].is_object())
        doc[parent].erase(path.back());
      else
        doc[parent].erase(static_cast<size_t>(std::stoul(path.back())));
      return "without " + path.to_string();
    }
    case 1: {
      const std::vector<std::string> names{path.back() + "x",
                                           "Unknown",
                                           "",
                                           " ",
                                           "a.b",
                                           std::string(300, 'k'),
                                           "$",
                                           "metadata",
                                           std::string{"\0", 1}};
      auto to = names[below(dice, names.size())];
      if (rename(doc, path, to))
        return path.to_string() + " renamed " + to;
      break;
    }
    case 2:
      if (doc[path].is_array() && !doc[path].empty()) {
        auto& list = doc[path];
        auto copy = list[below(dice, list.size())];
        for (auto times = 1 + below(dice, 3); times > 0; --times)
          list.push_back(copy);
        return path.to_string() + " with one twice";
      }
      break;
    case 3:
      if (doc[path].is_object()) {
        doc[path]["unknown"] = strange_value(dice);
        return path.to_string() + " with an unknown field";
      }
      break;
    case 4: {
      // One of its own values at another place.
      std::vector<document::json_pointer> all;
      places(doc, document::json_pointer{}, all);
      auto from = all[below(dice, all.size())];
      auto value = doc[from];
      doc[path] = value;
      return path.to_string() + " is " + from.to_string();
    }
    default:
      break;
  }
  auto value = strange_value(dice);
  auto shown = value.dump(-1, ' ', true).substr(0, 60);
  doc[path] = std::move(value);
  return path.to_string() + " is " + shown;
}

} // namespace

mutation mutate_values(const document& valid, std::mt19937_64& dice) {
  mutation result;
  auto doc = valid;
  for (auto times = below(dice, 4) == 0 ? 1 + below(dice, 4) : 1; times > 0;
       --times) {
    std::vector<document::json_pointer> all;
    places(doc, document::json_pointer{}, all);
    if (all.empty())
      break;
    auto& path = all[below(dice, all.size())];
    result.field = last_name(path);
    result.what +=
        (result.what.empty() ? "" : "; ") + change_one(doc, path, dice);
  }
  result.text = doc.dump();
  return result;
}

mutation mutate_text(const std::string& valid, std::mt19937_64& dice) {
  mutation result;
  result.text = valid;
  auto& t = result.text;
  auto at = below(dice, t.size());
  const std::vector<std::string> pieces{"\t",
                                        "  ",
                                        "\n",
                                        ":",
                                        "- ",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        "\"",
                                        "'",
                                        "&a ",
                                        "*a",
                                        "<<: *a\n",
                                        "!!int",
                                        "!x ",
                                        "|\n",
                                        ">-\n",
                                        "---\n",
                                        "...\n",
                                        "%YAML 9.9\n",
                                        "#",
                                        "\r",
                                        "\xff",
                                        "\xc3",
                                        "\xed\xa0\x80",
                                        "@",
                                        "`",
                                        "? ",
                                        "null",
                                        "\xef\xbb\xbf",
                                        std::string{"\0", 1}};
  switch (below(dice, 4)) {
    case 0:
      t.resize(at);
      result.what = "cut at " + std::to_string(at);
      break;
    case 1:
      t[at] = static_cast<char>(dice());
      result.what = "another byte at " + std::to_string(at);
      break;
    case 2: {
      auto& piece = pieces[below(dice, pieces.size())];
      t.insert(at, piece);
      result.what = "something inserted at " + std::to_string(at);
      break;
    }
    default: {
      auto size = std::min(t.size() - at, 1 + below(dice, 200));
      t.insert(below(dice, t.size()), t.substr(at, size));
      result.what =
          std::to_string(size) + " bytes of " + std::to_string(at) + " twice";
    }
  }
  return result;
}

mutation known_evil(size_t number) {
  auto repeated = [](const std::string& piece, size_t times) {
    std::string result;
    for (size_t i = 0; i < times; ++i)
      result += piece;
    return result;
  };
  const std::string head =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: evil}\n";
  switch (number) {
    case 0:
      return {"", "empty", {}};
    case 1:
      return {"# nothing\n---\n---\n# more\n", "comments only", {}};
    case 2: {
      std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
      for (int i = 1; i < 12; ++i) {
        auto one = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " ["
                + repeated(one + ", ", 8) + one + "]\n";
      }
      return {bomb + head, "billion laughs", {}};
    }
    case 3:
      return {head + "data: &d\n  key: *d\n", "an anchor in itself", {}};
    case 4:
      return {head + "data: " + repeated("[", 100'000), "deep lists", {}};
    case 5:
      return {head + "data: " + repeated("{a: ", 100'000), "deep maps", {}};
    case 6:
      return {repeated("- ", 100'000) + "x", "deep block lists", {}};
    case 7:
      return {head + "data: {key: \"" + std::string(4 << 20, 'x') + "\"}\n",
              "four megabytes",
              {}};
    case 8:
      return {head + "data: {" + std::string(4 << 20, 'k') + ": v}\n",
              "a key of four megabytes",
              {}};
    case 9:
      return {std::string(1 << 20, '\0'), "only zeros", {}};
    case 10:
      return {head + "data: {key: \"\xff\xfe\"}\n", "no UTF-8", {}};
    case 11:
      return {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: "
              "List\n  items:\n  - {}\n",
              "a list of lists of nothing",
              {}};
    case 12:
      return {
          "apiVersion: v1\nkind: List\nitems: 7\n", "a list of no items", {}};
    case 13:
      return {head + head, "two documents without a mark", {}};
    case 14:
      return {head + "data: {a: b, a: c}\n", "a key twice", {}};
    case 15:
      return {repeated(head + "---\n", 50), "fifty times the same", {}};
    case 16:
      return {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"", "cut JSON", {}};
    case 17:
      return {repeated("[", 200'000), "deep JSON", {}};
    case 18:
      return {"kind: ConfigMap\n", "no version", {}};
    case 19:
      return {"apiVersion: v1\n", "no kind", {}};
    case 20:
      return {"apiVersion: v9\nkind: Nothing\nmetadata: {name: x}\n",
              "an unknown kind",
              {}};
    case 21:
      return {"apiVersion: [v1]\nkind: {}\n", "a kind that is no text", {}};
    case 22:
      return {"just words", "words", {}};
    case 23:
      return {head + "? [complex, key]\n: value\n", "a key that is a list", {}};
    case 24:
      return {head + "data: {key: !!binary \"////\"}\n", "a tag", {}};
    case 25:
      return {"\xff\xfe" + head, "UTF-16 mark", {}};
    case 26: {
      std::string merge = "x: &x {k: v}\n";
      for (int i = 0; i < 200; ++i)
        merge += "y" + std::to_string(i) + ": &x {<<: *x, z: *x}\n";
      return {merge + head, "merges of merges", {}};
    }
    case 27:
      return {head + "data:\n" +
                  [] {
                    std::string many;
                    for (int i = 0; i < 50'000; ++i)
                      many += "  k" + std::to_string(i) + ": v\n";
                    return many;
                  }(),
              "fifty thousand keys",
              {}};
    default:
      return {};
  }
}

} // namespace troupe::test
