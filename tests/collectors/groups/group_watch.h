// A group that reads "orders" of the healthy cluster, polled every 10 s: what the tests of what a
// group does have in common.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "collectors/groups/groups.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {

// Group "payments", whose member reads all three partitions and has read them to the end.
class GroupWatch : public testing::Test {
 protected:
  GroupWatch() {
    add_member(add_group(view, "payments", 1, {1000, 1000, 1000}), "orders", {0, 1, 2});
  }

  kafka::GroupView& group() { return view.groups[0]; }
  kafka::CommittedOffset& commit(size_t partition) {
    return group().committed[0].partitions[partition];
  }
  int64_t& end(size_t partition) { return orders(view, partition).high_watermark.offset; }
  // Sets both, and since when the oldest unread record has been there.
  void stand(size_t partition, int64_t committed, int64_t log_end, double unread_at = -60) {
    commit(partition).offset = committed;
    end(partition) = log_end;
    commit(partition).unread = unread_since(committed < log_end ? unread_at : 0);
  }
  void empty() {
    group().members->clear();
    group().state = "Empty";
  }

  void fill() {
    group().members.emplace();
    add_member(group(), "orders", {0, 1, 2});
    group().state = "Stable";
  }

  void poll() {
    PollInfo poll;
    poll.cadence = std::chrono::seconds(10);
    group().committed_at = at(now).steady;
    seen = interpreter.interpret(view, poll, at(now));
  }
  // Polls until then; `change` is called before each.
  template <class Change>
  void until(int then, Change change) {
    for (; now < then; now += 10) {
      change();
      poll();
    }
  }
  void until(int then) {
    until(then, [] {});
  }

  [[nodiscard]] Cell of(std::string_view measure) const {
    return cell(seen, measure, {"payments", "orders"});
  }
  // All notes about what the group does in the topic, in their order.
  [[nodiscard]] std::vector<std::string> notes() const {
    std::vector<std::string> texts;
    for (const Note& note : seen.notes) {
      if (note.entity.label("group").text() == "payments") texts.push_back(note.text);
    }
    return texts;
  }

  kafka::ClusterView view = healthy_cluster();
  GroupsInterpreter interpreter;
  Observation seen;
  int now = 0;
};

}  // namespace highwater::collectors
