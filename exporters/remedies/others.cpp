// Remedies of transactions, and of what is wrong with Highwater's own rights and files.
#include <fmt/format.h>

#include <algorithm>

#include "exporters/remedies/case.h"
#include "exporters/value_text.h"

namespace highwater::remedies {

// To abort what its coordinator still knows of would undo a part of it: only what nobody will ever
// end is aborted, and Kafka's tool is asked first, whose rights may show it more.
Remedy abort_hanging_transaction(const Case& c) {
  const std::string topic = c.label("topic");
  auto held = c.facts.rows("open_transaction_seconds", {topic});
  if (held.empty())
    return no_remedy(
        "whose transaction it is, is not known yet: coordinators are asked every half minute");
  std::ranges::sort(held, std::greater{},
                    [](const ClusterFacts::Row& row) { return row.value.value_or(0); });
  const auto hanging =
      std::ranges::find_if(held, [](const ClusterFacts::Row& row) { return row.cell(2).empty(); });
  if (hanging == held.end()) {
    const std::string& id = held.front().cell(2);
    if (!can_be_typed(id)) return no_remedy("its transactional id cannot be shown");
    return {fmt::format("start the application with transactional id {} again", id),
            {},
            "that ends its old transaction at once; its coordinator knows of it and ends it after "
            "the producer's transaction.timeout.ms, so it does not hang, and an abort would undo "
            "only a part of it"};
  }
  const std::string partition = hanging->cell(1);
  const auto start = c.facts.value("partition_last_stable_offset", {topic, partition});
  const auto end = c.facts.value("partition_high_watermark", {topic, partition});
  if (!start || !end || *start >= *end)
    return no_remedy("where the transaction begins is not known now");
  const PlaceholderValues values{
      {"topic", topic}, {"partition", partition}, {"offset", fmt::format("{:.0f}", *start)}};
  const auto others =
      std::ranges::count_if(held, [](const ClusterFacts::Row& row) { return row.cell(2).empty(); });
  const std::string find = c.kafka("kafka-transactions.sh",
                                   "find-hanging --topic {topic} --partition {partition} "
                                   "--max-transaction-timeout 1",
                                   values);
  const std::string abort =
      c.kafka("kafka-transactions.sh",
              "abort --topic {topic} --partition {partition} --start-offset {offset}", values);
  std::string check =
      "no coordinator that was asked knows of it, and it is aborted only when Kafka's tool finds "
      "it hanging as well, with your rights";
  if (others > 1)
    check += fmt::format("; then {} more", counted(static_cast<double>(others - 1), "partition"));
  return {fmt::format("abort the transaction that hangs in {}-{}", topic, partition),
          {find + fill_command(" | grep -F -w -- {topic} && ", values) + abort},
          std::move(check)};
}

Remedy grant_rights(const Case&) {
  return {"let an administrator run what this prints",
          {"highwater generate acls"},
          "it only prints the commands that grant what the configuration needs; where the agent "
          "runs, with its configuration"};
}

Remedy check_file(const Case& c) {
  const std::string file = c.label("file");
  if (file.empty()) return no_remedy("which file has mistakes is not known");
  return {"correct what this finds",
          {fill_command("highwater check {file}", {{"file", file}})},
          "it only reads"};
}

Remedy explain_rule(const Case& c) {
  return {"see which rows the rule looks at",
          {fill_command("highwater explain {rule}", {{"rule", c.label("rule")}})},
          "it only asks the agent"};
}

}  // namespace highwater::remedies
