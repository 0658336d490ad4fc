#include "runtime/printing/tab_align.hpp"

#include <gtest/gtest.h>

namespace troupe::printing {

namespace {

TEST(TabAlign, CellsBelowEachOtherAreAColumn) {
  EXPECT_EQ(align_tabs("Name:\tweb\nNamespace:\tdefault\n", 2),
            "Name:       web\nNamespace:  default\n");
}

TEST(TabAlign, ALineWithoutTheCellEndsTheColumn) {
  EXPECT_EQ(align_tabs("a:\t1\nlonger\nbbbb:\t2\nc:\t3\n", 2),
            "a:  1\nlonger\nbbbb:  2\nc:     3\n");
}

TEST(TabAlign, ColumnsNest) {
  EXPECT_EQ(align_tabs("a\tb\tc\naa\tbbb\tc\nx\ty\n", 1),
            "a  b   c\naa bbb c\nx  y\n");
}

TEST(TabAlign, EmptyCellsKeepTheirPlace) {
  EXPECT_EQ(align_tabs("Labels:\ta=1\n\tb=2\n", 2),
            "Labels:  a=1\n         b=2\n");
}

} // namespace

} // namespace troupe::printing
