#include "runtime/text/table.hpp"

#include <gtest/gtest.h>

namespace troupe::text {
namespace {

TEST(Table, AlignsColumnsThreeSpacesApart) {
  table_printer printer{{{"Name"}, {"Ready"}, {"Node", 1}, {"Age"}}, {}};
  EXPECT_EQ(printer.print({{"web-1", "1/1", "n1", "5s"},
                           {"a-longer-name", "0/1", "n2", "10m"}}),
            "NAME            READY   AGE\n"
            "web-1           1/1     5s\n"
            "a-longer-name   0/1     10m\n");
}

TEST(Table, ShowsMoreWhenWide) {
  table_printer printer{{{"Name"}, {"Node", 1}}, {true, true}};
  EXPECT_EQ(printer.print({{"a", "n1"}, {"b"}}), "NAME   NODE\n"
                                                 "a      n1\n"
                                                 "b      \n");
}

TEST(Table, KeepsItsWidthsFromCallToCall) {
  table_printer printer{{{"Name"}, {"Age"}}, {}};
  EXPECT_EQ(printer.print({{"abcdefgh", "1s"}}), "NAME       AGE\n"
                                                 "abcdefgh   1s\n");
  EXPECT_EQ(printer.print({{"a", "2s"}}), "a          2s\n");
}

TEST(Table, CutsCellsOfManyLinesAndCountsCharacters) {
  table_printer printer{{{"A"}, {"B"}}, {false, false}};
  EXPECT_EQ(printer.print({{"one\ntwo", "x"}, {"äöüäöüäöü", "y"}}),
            "one...      x\n"
            "äöüäöüäöü   y\n");
}

} // namespace
} // namespace troupe::text
