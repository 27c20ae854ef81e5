#include "collectors/topics/open_transactions.h"

#include <gmock/gmock.h>

#include "collectors/topics/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using testing::HasSubstr;
using testing::Not;

Entity orders_entity() {
  Entity entity;
  entity.labels = {{Symbol("cluster"), Symbol("prod")}, {Symbol("topic"), Symbol("orders")}};
  return entity;
}

// Polls of one interpreter, and what they say of topic "orders".
class Watch {
 public:
  // Partition `partition` of "orders" is held back at offset 700 since then.
  kafka::HeldBackPartition& hold(int32_t partition, double since) {
    kafka::HeldBackPartition& held = view.held_back.emplace_back();
    held.topic = Symbol("orders");
    held.partition = partition;
    held.offset = 700;
    held.since = at(since).steady;
    return held;
  }
  kafka::OpenTransaction& transaction(std::string id, int32_t partition, double began) {
    kafka::OpenTransaction& open = view.transactions.emplace_back();
    open.id = std::move(id);
    open.state = "Ongoing";
    open.producer_id = 4001;
    open.producer_epoch = 3;
    open.began = at(began).wall;
    open.timeout = std::chrono::minutes(15);
    open.holds = {{Symbol("orders"), partition}};
    view.transactions_reason = Unknown::known;
    return open;
  }
  void poll(double seconds) { seen = interpreter_.interpret(view, {}, at(seconds)); }
  [[nodiscard]] Cell age(std::string_view topic = "orders") const {
    return cell(seen, "topic_open_transaction_seconds", {topic});
  }
  [[nodiscard]] std::string said() const { return note(seen, orders_entity()); }

  kafka::ClusterView view = healthy_cluster();
  Observation seen;

 private:
  PartitionsInterpreter interpreter_;
};

TEST(OpenTransactionsOfATopic, AreZeroWhileNothingIsHeldBack) {
  Watch watch;
  watch.poll(10);
  EXPECT_EQ(watch.age(), is(0));
  EXPECT_EQ(watch.said(), "");
}

TEST(OpenTransactionsOfATopic, AreAsOldAsTheOldest) {
  Watch watch;
  watch.hold(0, 40);
  watch.hold(2, 10);
  watch.poll(50);
  EXPECT_EQ(watch.age(), is(40));
  EXPECT_EQ(watch.age("logs"), is(0));
}

TEST(OpenTransactionsOfAPartition, AreNamedWithTheirTransactionalId) {
  Watch watch;
  watch.hold(0, 10);
  watch.transaction("billing-1", 0, 5);
  watch.poll(69);
  EXPECT_EQ(cell(watch.seen, "open_transaction_seconds", {"orders", "0", "billing-1"}), kNoRow);
  watch.poll(80);
  EXPECT_EQ(cell(watch.seen, "open_transaction_seconds", {"orders", "0", "billing-1"}), is(70));
}

TEST(OpenTransactionsOfAPartition, HaveNoIdWhenNoCoordinatorKnowsOfThem) {
  Watch watch;
  watch.hold(2, 10);
  watch.view.transactions_reason = Unknown::known;
  watch.poll(80);
  EXPECT_EQ(cell(watch.seen, "open_transaction_seconds", {"orders", "2", ""}), is(70));
}

TEST(OpenTransactionsOfAPartition, AreNamedAlsoWhenNotAllCoordinatorsAnswered) {
  Watch watch;
  watch.hold(0, 10);
  watch.hold(1, 10);
  watch.transaction("billing-1", 0, 5);
  watch.view.transactions_reason = Unknown::timed_out;
  watch.poll(80);
  EXPECT_EQ(cell(watch.seen, "open_transaction_seconds", {"orders", "0", "billing-1"}), is(70));
  EXPECT_EQ(table(watch.seen, "open_transaction_seconds").rows(), 1);
}

TEST(OpenTransactionsOfAPartition, AreNoRowsUntilTheCoordinatorsAnswered) {
  Watch watch;
  watch.hold(2, 10);
  watch.view.transactions_reason = Unknown::timed_out;
  watch.poll(80);
  EXPECT_EQ(table(watch.seen, "open_transaction_seconds").rows(), 0);
}

TEST(OpenTransactionsOfATopic, AreNotToldInWordsBeforeAMinute) {
  Watch watch;
  watch.hold(0, 10);
  watch.poll(69);
  EXPECT_EQ(watch.said(), "");
  watch.poll(70);
  EXPECT_THAT(watch.said(), HasSubstr("holds partition 0 back at offset 700 for 1 min"));
}

TEST(OpenTransactionsOfATopic, NameWhoLeftThemOpen) {
  Watch watch;
  watch.hold(0, 10);
  watch.hold(1, 20);
  watch.transaction("later", 0, 30);
  watch.transaction("billing", 0, 8);
  watch.transaction("elsewhere", 1, 1);
  watch.poll(310);
  EXPECT_EQ(watch.age(), is(300));
  EXPECT_THAT(watch.said(), HasSubstr("transactional id billing, producer 4001 of epoch 3, Ongoing "
                                      "since 2023-11-14T22:13:28.000Z, may take 15 min"));
  EXPECT_THAT(watch.said(), HasSubstr("and 1 other"));
}

TEST(OpenTransactionsOfATopic, SayThatNobodyIsNamedOnlyWhenEveryBrokerTold) {
  Watch watch;
  watch.hold(0, 10);
  watch.poll(310);
  EXPECT_THAT(watch.said(), Not(HasSubstr("names no transaction")));
  watch.view.transactions_reason = Unknown::known;
  watch.poll(320);
  EXPECT_THAT(watch.said(), HasSubstr("names no transaction"));
}

TEST(OpenTransactionsOfATopic, ThatWereThereBeforeUsAreUnknownForTenMinutes) {
  Watch watch;
  watch.hold(0, 10).from_start = true;
  watch.poll(500);
  EXPECT_EQ(watch.age(), unknown(Unknown::not_asked));
  watch.poll(610);
  EXPECT_EQ(watch.age(), is(600));
}

TEST(OpenTransactionsOfATopic, ThatWereThereBeforeUsAreAsOldAsTheirCoordinatorSays) {
  Watch watch;
  watch.hold(0, 10).from_start = true;
  kafka::OpenTransaction& open = watch.transaction("billing", 0, -3590);
  watch.poll(40);
  EXPECT_EQ(watch.age(), is(3630));
  // Of a clock that is ahead we know better.
  open.began = at(200).wall;
  watch.poll(50);
  EXPECT_EQ(watch.age(), is(40));
}

TEST(OpenTransactionsOfATopic, AreUnknownWhileOnePartitionIs) {
  Watch watch;
  watch.hold(0, 10);
  watch.hold(1, 10).reason = Unknown::broker_unreachable;
  watch.poll(310);
  EXPECT_EQ(watch.age(), unknown(Unknown::broker_unreachable));
}

}  // namespace
}  // namespace highwater::collectors
