#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/kinds.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/printing/table.hpp"
#include "tests/runtime/printing/makers.hpp"

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

namespace troupe::printing {

namespace {

std::vector<object> two_maps() {
  auto a = named<core::v1::ConfigMap>("a", "default");
  (*a.mutable_metadata()->mutable_labels())["x.io/app"] = "web";
  (*a.mutable_metadata()->mutable_labels())["tier"] = "front";
  auto b = named<core::v1::ConfigMap>("a-longer-name", "default");
  (*b.mutable_data())["k"] = "v";
  return {object::of(a), object::of(b)};
}

std::string print(table_options options) {
  options.now = now();
  return to_text(print_table(two_maps(), options));
}

TEST(Table, ColumnsAreThreeBlanksApart) {
  EXPECT_EQ(print({}), "NAME            DATA   AGE\n"
                       "a               0      5m\n"
                       "a-longer-name   1      5m\n");
}

TEST(Table, CanDoWithoutAHeader) {
  table_options options;
  options.no_headers = true;
  EXPECT_EQ(print(options), "a               0     5m\n"
                            "a-longer-name   1     5m\n");
}

TEST(Table, ShowsNamespaceKindAndLabels) {
  table_options options;
  options.with_namespace = true;
  options.with_kind = true;
  options.show_labels = true;
  options.label_columns = {"x.io/app"};
  EXPECT_EQ(
      print(options),
      "NAMESPACE   NAME                      DATA   AGE   APP   LABELS\n"
      "default     configmap/a               0      5m    web   "
      "tier=front,x.io/app=web\n"
      "default     configmap/a-longer-name   1      5m          <none>\n");
}

TEST(Table, KindsOfGroupsAreNamedWithTheirGroup) {
  std::vector<object> objects{object::of(named<apps::v1::Deployment>("web"))};
  table_options options;
  options.with_kind = true;
  EXPECT_EQ(print_table(objects, options).rows[0][0], "deployment.apps/web");
}

TEST(Table, WidthsOfAWatchOnlyGrow) {
  table_layout layout;
  EXPECT_EQ(layout.add({{"NAME", "AGE"}, {{"long-name", "1s"}}}),
            "NAME        AGE\nlong-name   1s\n");
  EXPECT_EQ(layout.add({{}, {{"a", "2s"}}}), "a           2s\n");
}

TEST(Table, CellsStayOnOneLine) {
  auto event = named<core::v1::Event>("e", "default");
  event.set_message("first\nsecond");
  event.set_reason("\x1b[31m");
  std::vector<object> events{object::of(event)};
  auto text = to_text(print_table(events, {}));
  EXPECT_NE(text.find("   first..."), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Table, AnEmptyListIsAnEmptyTable) {
  EXPECT_EQ(to_text(print_table({}, {})), "");
}

TEST(Columns, EveryKindHasAsManyCellsAsColumnsAlsoWhenEmpty) {
  for (const auto& kind : all_kinds()) {
    auto x = object::of(*kind.make());
    const auto& columns = columns_of(kind);
    cells out;
    columns.row(x, now(), out);
    EXPECT_EQ(out.size(), columns.columns.size()) << kind.kind;
  }
}

} // namespace

} // namespace troupe::printing
