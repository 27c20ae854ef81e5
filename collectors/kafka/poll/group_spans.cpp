#include "collectors/kafka/poll/group_spans.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace highwater::kafka {
namespace {

bool asks_for_groups(const Span& span) {
  constexpr std::string_view kApis[] = {"ListGroups",         "OffsetFetch",
                                        "DescribeGroups",     "ConsumerGroupDescribe",
                                        "ShareGroupDescribe", "StreamsGroupDescribe"};
  return std::ranges::any_of(kApis, [&](std::string_view api) { return span.name.ends_with(api); });
}

}  // namespace

std::vector<Span> take_group_spans(std::vector<Span>& spans) {
  const auto first = std::stable_partition(spans.begin() + 1, spans.end(),
                                           [](const Span& span) { return !asks_for_groups(span); });
  std::vector<Span> taken;
  if (first == spans.end()) return taken;
  Span head = spans.front();
  head.id = SpanId::random();
  head.parent = spans.front().id;
  head.name = "kafka.poll groups";
  head.error.clear();
  taken.push_back(std::move(head));
  for (auto span = first; span != spans.end(); ++span) {
    span->parent = taken.front().id;
    if (!span->error.empty()) taken.front().error = "a request for groups failed";
    taken.push_back(std::move(*span));
  }
  spans.erase(first, spans.end());
  return taken;
}

}  // namespace highwater::kafka
