#include <gmock/gmock.h>

#include "tests/collectors/groups/group_watch.h"

namespace highwater::collectors {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class Moves : public GroupWatch {
 protected:
  void reset(std::initializer_list<int64_t> offsets) {
    size_t partition = 0;
    for (const int64_t offset : offsets) stand(partition++, offset, 1000);
  }
};

TEST_F(Moves, ARewindIsCountedAndTold) {
  until(50);
  reset({400, 300, 1000});
  until(60);
  EXPECT_EQ(of("group_offsets_rewound_total"), is(1));
  EXPECT_EQ(of("group_offsets_skipped_total"), is(0));
  EXPECT_THAT(notes(), ElementsAre("its offset was rewound from 1000 to 400 in partition 0 and 1 "
                                   "other at 2023-11-14T22:14:10.000Z"));
  until(70);
  EXPECT_EQ(of("group_offsets_rewound_total"), is(1));
}

TEST_F(Moves, AreToldForAnHour) {
  until(50);
  reset({400, 1000, 1000});
  until(60);
  reset({1000, 1000, 1000});
  until(3500);
  EXPECT_THAT(notes(), testing::SizeIs(1));
  until(3700);
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(Moves, ForwardWithoutMembersIsASkip) {
  reset({400, 400, 400});
  empty();
  until(50);
  reset({1000, 400, 400});
  until(60);
  EXPECT_EQ(of("group_offsets_skipped_total"), is(1));
  EXPECT_THAT(notes(), Contains("its offset was moved forward from 400 to 1000 in partition 0 at "
                                "2023-11-14T22:14:10.000Z"));
}

TEST_F(Moves, ForwardIsReadingWhereMembersAreOrWere) {
  reset({400, 400, 400});
  until(50);
  reset({500, 400, 400});
  until(60);
  empty();
  reset({600, 400, 400});
  until(70);
  EXPECT_EQ(of("group_offsets_skipped_total"), is(0));
}

TEST_F(Moves, ForwardIsReadingInAGroupThatAssignsItsPartitionsItself) {
  reset({400, 400, 400});
  empty();
  group().protocol = "";
  until(50);
  reset({1000, 400, 400});
  until(60);
  EXPECT_EQ(of("group_offsets_skipped_total"), is(0));
}

}  // namespace
}  // namespace highwater::collectors
