#include "runtime/text/go_template.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace troupe;
using namespace troupe::text;

namespace {

const document sample = document::parse(R"({
  "kind": "List",
  "items": [
    {"metadata": {"name": "a", "labels": {"app": "web", "x.y/z": "dotted"}},
     "spec": {"replicas": 3, "paused": true, "ratio": 1234567.5}},
    {"metadata": {"name": "b"}, "spec": {"replicas": 0, "note": null}}
  ],
  "empty": [], "text": "h<i>", "b64": "aGk=", "big": 1000000
})");

/// What it prints, or the error.
std::string printed(const std::string& text) {
  auto made = go_template::parse(text);
  if (!made)
    return "error: " + message_of(made.error());
  auto out = made->print(sample);
  return out ? *out : "error: " + message_of(out.error());
}

struct row {
  const char* text;
  const char* prints;
};

void expect(const std::vector<row>& rows) {
  for (auto& r : rows)
    EXPECT_EQ(printed(r.text), r.prints) << r.text;
}

} // namespace

TEST(GoTemplate, PrintsFieldsAndText) {
  expect({
      {"", ""},
      {"plain } text {", "plain } text {"},
      {"{{.kind}}", "List"},
      {"<{{ .kind }}>{{/* nothing */}}", "<List>"},
      {"a \n {{- .kind -}} \n b", "aListb"},
      {"{{.nope}} {{.nope.deeper}}", "<no value> <no value>"},
      {"{{(index .items 0).metadata.name}}", "a"},
      {"{{with index .items 0}}{{.spec}}{{end}}",
       "map[paused:true ratio:1.2345675e+06 replicas:3]"},
      {"{{(index .items 1).spec}}", "map[note:<nil> replicas:0]"},
      {"{{.big}} {{.empty}}", "1000000 []"},
      {"{{\"a\\n\\\"b\\\"\"}}{{`raw\\n`}}", "a\n\"b\"raw\\n"},
      {"{{1}} {{-2}} {{1.5}} {{true}}", "1 -2 1.5 true"},
  });
}

TEST(GoTemplate, RepeatsAndChooses) {
  expect({
      {"{{range .items}}{{.metadata.name}} {{end}}", "a b "},
      {"{{range $i, $x := .items}}{{$i}}={{$x.metadata.name}};{{end}}",
       "0=a;1=b;"},
      {"{{range $x := .items}}{{$x.metadata.name}}{{$.kind}} {{end}}",
       "aList bList "},
      {"{{range $k, $v := (index .items 0).metadata.labels}}{{$k}}:{{$v}} "
       "{{end}}",
       "app:web x.y/z:dotted "},
      {"{{range .empty}}x{{else}}none{{end}}", "none"},
      {"{{range .nope}}x{{end}}", ""},
      {"{{range .items}}{{if .spec.paused}}{{continue}}{{end}}"
       "{{.metadata.name}}{{end}}",
       "b"},
      {"{{range .items}}{{.metadata.name}}{{break}}{{end}}", "a"},
      {"{{range .items}}{{if eq .spec.replicas 3}}three{{else if eq "
       ".spec.replicas 0}}zero{{else}}?{{end}} {{end}}",
       "three zero "},
      {"{{if .empty}}some{{else}}none{{end}}", "none"},
      {"{{with .nope}}x{{else with .kind}}{{.}}{{end}}", "List"},
      {"{{$n := 0}}{{range .items}}{{$n = .spec.replicas}}{{end}}{{$n}}", "0"},
      {"{{$x := .kind}}{{if true}}{{$x := 1}}{{end}}{{$x}}", "List"},
  });
}

TEST(GoTemplate, CallsFunctions) {
  expect({
      {"{{len .items}} {{.kind | len}}", "2 4"},
      {"{{index .items 0 \"metadata\" \"labels\" \"x.y/z\"}}", "dotted"},
      {"{{index (index .items 0).metadata.labels \"none\"}}", "<no value>"},
      {"{{printf \"%-4s|%4d|%04d|%q\" .kind 7 7 \"x\"}}",
       "List|   7|0007|\"x\""},
      {"{{printf \"%s=%v %t%%\" .kind (index .items 0).spec.replicas true}}",
       "List=3 true%"},
      {"{{printf \"%d\" .kind}} {{printf \"%s\"}} {{printf \"%.2f\" 1.5}}",
       "%!d(string=List) %!s(MISSING) 1.50"},
      {"{{print 1 2 \"a\" 3}}", "1 2a3"},
      {"{{println .kind 1}}", "List 1\n"},
      {"{{and .kind .empty}} {{or .nope .kind}} {{not .nope}}", "[] List true"},
      {"{{eq .kind \"x\" \"List\"}} {{ne 1 2}} {{lt 1 2}} {{ge \"b\" \"a\"}}",
       "true true true true"},
      {"{{if and (eq .kind \"List\") (gt (len .items) 1)}}yes{{end}}", "yes"},
      {"{{.text | html}} {{urlquery \"a b&\"}}", "h&lt;i&gt; a+b%26"},
      {"{{.b64 | base64decode}}", "hi"},
      {"{{exists . \"items\" 0 \"spec\" \"paused\"}} "
       "{{exists (index .items 1) \"spec\" \"paused\"}}",
       "true false"},
      {"{{slice .kind 1 3}} {{len (slice .items 1)}}", "is 1"},
  });
}

TEST(GoTemplate, SaysWhatIsWrongAndWhere) {
  expect({
      {"{{.kind", "error: template: line 1: unclosed action"},
      {"a\n{{if .kind}}", "error: template: line 2: a block has no {{end}}"},
      {"{{end}}", "error: template: line 1: unexpected {{end}} or {{else}}"},
      {"{{}}", "error: template: line 1: missing value in an action"},
      {"{{frob 1}}", "error: template: line 1: function \"frob\" not defined"},
      {"{{.kind 1}}", "error: template: line 1: can't give argument to what is "
                      "no function"},
      {"{{break}}", "error: template: line 1: {{break}} outside of {{range}}"},
      {"{{\"x}}", "error: template: line 1: unterminated quoted string"},
      {"{{$x}}", "error: template: line 1: undefined variable \"$x\""},
      {"\n{{index .items 5}}", "error: template: line 2: error calling index: "
                               "index out of range: 5"},
      {"{{range .kind}}{{end}}",
       "error: template: line 1: range can't iterate over List"},
      {"{{.kind.x}}",
       "error: template: line 1: can't evaluate field x in List"},
      {"{{len 1}}", "error: template: line 1: error calling len: len of type "
                    "number"},
      {"{{lt 1 \"a\"}}",
       "error: template: line 1: incompatible types for comparison"},
      {"{{define \"x\"}}{{end}}",
       "error: template: line 1: {{define}} is not known here"},
  });
}

TEST(GoTemplate, EndsThoughToldToWorkForEver) {
  std::string text = "{{range $.items}}";
  for (int i = 0; i < 25; ++i)
    text += "{{range $.items}}";
  text += "x";
  for (int i = 0; i < 26; ++i)
    text += "{{end}}";
  EXPECT_EQ(printed(text),
            "error: template: line 1: the template makes too much work");
  EXPECT_NE(printed(std::string(1000, '(').insert(0, "{{")).find("error:"),
            std::string::npos);
}
