#include "agent/core/measure.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace highwater {
namespace {

const Measure kPlain{"way_seconds", "Help.", Unit::seconds, MeasureType::gauge, {"cluster"}};
const Measure kSeries{"ways_sum", "Help.", Unit::none, MeasureType::gauge, {"cluster"}};
const HistogramMeasure kWays{"ways", "Help.", Unit::none, {"cluster"}, {1, 2}};

TEST(Catalogue, HasHistogramsBesideMeasuresAndKnowsTheirSeries) {
  const Catalogue catalogue({&kPlain}, {&kWays});
  EXPECT_TRUE(catalogue.has("way_seconds"));
  EXPECT_TRUE(catalogue.has("ways"));
  EXPECT_TRUE(catalogue.has("ways_bucket"));
  EXPECT_FALSE(catalogue.has("ways_total"));
  EXPECT_EQ(catalogue.find("ways"), nullptr);  // what rules ask
  EXPECT_EQ(catalogue.find_histogram("ways_count"), &kWays);
  EXPECT_EQ(catalogue.find_histogram("ways"), nullptr);
}

TEST(Catalogue, RefusesAHistogramWhoseNameOrBoundsAreWrong) {
  const HistogramMeasure taken{"way_seconds", "Help.", Unit::seconds, {"cluster"}, {1}};
  const HistogramMeasure empty{"ways", "Help.", Unit::none, {"cluster"}, {}};
  const HistogramMeasure twice{"ways", "Help.", Unit::none, {"cluster"}, {1, 1}};
  const HistogramMeasure total{"ways_total", "Help.", Unit::none, {"cluster"}, {1}};
  for (const HistogramMeasure* wrong : {&taken, &empty, &twice, &total})
    EXPECT_THROW(Catalogue({&kPlain}, {wrong}), std::logic_error);
  EXPECT_THROW(Catalogue({&kSeries}, {&kWays}), std::logic_error);
}

}  // namespace
}  // namespace highwater
