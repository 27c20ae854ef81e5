#include "rules/incidents/dependency_graph.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "rules/incidents/headline.h"

namespace highwater::rules {
namespace {

constexpr DependencyGraph::Node kFree = UINT32_MAX;
// Unused nodes below this number are not worth the work of forgetting them.
constexpr size_t kWorthCleaning = 10'000;

bool same_relations(const Observation& a, const Observation& b) {
  return std::equal(a.relations.begin(), a.relations.end(), b.relations.begin(), b.relations.end(),
                    [](const Relation& left, const Relation& right) {
                      return left.name == right.name && left.from == right.from &&
                             left.to == right.to && left.pairs == right.pairs;
                    });
}

}  // namespace

bool DependencyGraph::follow(std::span<const ObservationPtr> observations) {
  std::vector<ObservationPtr> related;
  for (const ObservationPtr& observation : observations) {
    if (!observation->relations.empty()) related.push_back(observation);
  }
  const bool same = std::equal(related.begin(), related.end(), related_.begin(), related_.end(),
                               [](const ObservationPtr& a, const ObservationPtr& b) {
                                 return a == b || same_relations(*a, *b);
                               });
  related_ = std::move(related);
  if (!same) connected_ = false;
  return !same;
}

DependencyGraph::Node DependencyGraph::node_of(const Entity& entity) {
  std::vector<Symbol> dimensions;
  std::vector<Symbol> cells;
  for (const auto& [dimension, value] : entity.labels) {
    dimensions.push_back(dimension);
    cells.push_back(value);
  }
  return intern(shape_of(dimensions), cells);
}

void DependencyGraph::connect() {
  if (connected_) return;
  drop_old_rows();
  std::vector<FullEdge> edges;
  for (const ObservationPtr& observation : related_) {
    for (const Relation& relation : observation->relations) {
      if (relation.from == nullptr || relation.to == nullptr) continue;
      const std::vector<Node>& from = nodes_of(relation.from);
      const std::vector<Node>& to = nodes_of(relation.to);
      const uint16_t kind = kind_of(relation);
      for (const auto& [left, right] : relation.pairs) {
        if (left < from.size() && right < to.size()) edges.push_back({from[left], to[right], kind});
      }
    }
  }
  for (uint32_t whole = 0; whole < shapes_.size(); ++whole) {
    for (uint32_t part = 0; part < shapes_.size(); ++part) add_parts(whole, part, edges);
  }
  forward_.build(nodes(), edges, false);
  backward_.build(nodes(), edges, true);
  connected_ = true;
  ++version_;
}

const Symbol* DependencyGraph::label(Node node, std::string_view dimension) const {
  const std::vector<Symbol>& dimensions = shapes_[node_shapes_[node]];
  for (size_t i = 0; i < dimensions.size(); ++i) {
    if (dimensions[i].text() == dimension) return &cells_of(node)[i];
  }
  return nullptr;
}

std::string DependencyGraph::name_of(Node node) const {
  const std::vector<Symbol>& dimensions = shapes_[node_shapes_[node]];
  Entity entity;
  for (size_t i = 0; i < dimensions.size(); ++i)
    entity.labels.emplace_back(dimensions[i], cells_of(node)[i]);
  return entity_name(entity);
}

std::vector<std::string> DependencyGraph::values_of(std::string_view dimension) const {
  std::set<Symbol> values;
  for (const auto& [keys, rows] : rows_) {
    for (const Node node : rows.nodes) {
      if (const Symbol* const value = label(node, dimension)) values.insert(*value);
    }
  }
  std::vector<std::string> texts;
  for (const Symbol& value : values) texts.push_back(value.text());
  return texts;
}

// Few relations have different names; their numbers stay.
uint16_t DependencyGraph::kind_of(const Relation& relation) {
  for (size_t i = 0; i < relation_kinds_.size(); ++i) {
    if (relation_kinds_[i].name == relation.name) return static_cast<uint16_t>(i);
  }
  relation_kinds_.push_back({relation.name, relation.words, relation.coordinates});
  return static_cast<uint16_t>(relation_kinds_.size() - 1);
}

std::optional<std::vector<DependencyGraph::Node>> DependencyGraph::forget_unused(
    std::span<const Node> kept) {
  if (nodes() < 2 * nodes_after_cleaning_ + kWorthCleaning) return std::nullopt;
  DependencyGraph fresh;
  fresh.related_ = related_;
  fresh.relation_kinds_ = relation_kinds_;
  std::vector<Node> renumbered(nodes(), kFree);
  for (const Node node : kept)
    renumbered[node] = fresh.intern(fresh.shape_of(shapes_[node_shapes_[node]]), cells_of(node));
  fresh.connect();
  fresh.nodes_after_cleaning_ = fresh.nodes();
  *this = std::move(fresh);
  return renumbered;
}

void DependencyGraph::Adjacency::build(size_t nodes, const std::vector<FullEdge>& edges,
                                       bool backward) {
  starts_.assign(nodes + 1, 0);
  for (const FullEdge& edge : edges) ++starts_[(backward ? edge.to : edge.from) + 1];
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  std::vector<uint32_t> next(starts_.begin(), starts_.end() - 1);
  edges_.resize(edges.size());
  for (const FullEdge& edge : edges) {
    const Node start = backward ? edge.to : edge.from;
    edges_[next[start]++] = {backward ? edge.from : edge.to, edge.relation};
  }
}

const std::vector<DependencyGraph::Node>& DependencyGraph::nodes_of(
    const std::shared_ptr<const KeySet>& keys) {
  const auto [found, added] = rows_.try_emplace(keys.get());
  Rows& rows = found->second;
  if (!added) return rows.nodes;
  rows.keys = keys;
  rows.nodes.reserve(keys->rows());
  // The places of the dimensions, in the order of their texts.
  std::vector<size_t> places(keys->dimensions().size());
  std::iota(places.begin(), places.end(), size_t{0});
  std::sort(places.begin(), places.end(),
            [&](size_t a, size_t b) { return keys->dimensions()[a] < keys->dimensions()[b]; });
  std::vector<Symbol> cells;
  for (const size_t place : places) cells.emplace_back(keys->dimensions()[place]);
  const uint32_t shape = shape_of(cells);
  for (size_t row = 0; row < keys->rows(); ++row) {
    for (size_t i = 0; i < places.size(); ++i) cells[i] = keys->row(row)[places[i]];
    rows.nodes.push_back(intern(shape, cells));
  }
  return rows.nodes;
}

uint32_t DependencyGraph::shape_of(std::span<const Symbol> dimensions) {
  for (uint32_t i = 0; i < shapes_.size(); ++i) {
    if (std::equal(dimensions.begin(), dimensions.end(), shapes_[i].begin(), shapes_[i].end()))
      return i;
  }
  shapes_.emplace_back(dimensions.begin(), dimensions.end());
  return static_cast<uint32_t>(shapes_.size() - 1);
}

DependencyGraph::Node DependencyGraph::intern(uint32_t shape, std::span<const Symbol> cells) {
  if (slots_.size() < 2 * (nodes() + 1)) grow_slots();
  const size_t slot = slot_of(shape, cells);
  if (slots_[slot] != kFree) return slots_[slot];
  const auto node = static_cast<Node>(nodes());
  slots_[slot] = node;
  // The cells may be some of our own, which move.
  const std::vector<Symbol> copied(cells.begin(), cells.end());
  cells_.insert(cells_.end(), copied.begin(), copied.end());
  offsets_.push_back(cells_.size());
  node_shapes_.push_back(shape);
  connected_ = false;
  return node;
}

std::optional<DependencyGraph::Node> DependencyGraph::find(uint32_t shape,
                                                           std::span<const Symbol> cells) const {
  if (slots_.empty()) return std::nullopt;
  const Node node = slots_[slot_of(shape, cells)];
  if (node == kFree) return std::nullopt;
  return node;
}

// Where the node is, or would be.
size_t DependencyGraph::slot_of(uint32_t shape, std::span<const Symbol> cells) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = (hash_cells(cells) * 0x9e3779b97f4a7c15U + shape) >> 7 & mask;
  for (;; slot = (slot + 1) & mask) {
    const Node node = slots_[slot];
    if (node == kFree) return slot;
    if (node_shapes_[node] == shape && std::ranges::equal(cells_of(node), cells)) return slot;
  }
}

void DependencyGraph::grow_slots() {
  slots_.assign(std::max<size_t>(64, slots_.size() * 2), kFree);
  for (Node node = 0; node < nodes(); ++node)
    slots_[slot_of(node_shapes_[node], cells_of(node))] = node;
}

// Key sets that no relation uses any more would only keep memory.
void DependencyGraph::drop_old_rows() {
  std::vector<const KeySet*> used;
  for (const ObservationPtr& observation : related_) {
    for (const Relation& relation : observation->relations) {
      used.push_back(relation.from.get());
      used.push_back(relation.to.get());
    }
  }
  std::erase_if(rows_, [&](const auto& entry) {
    return std::find(used.begin(), used.end(), entry.first) == used.end();
  });
}

// Edges from each entity with the one shape to its part with the other, where there is such a node.
void DependencyGraph::add_parts(uint32_t whole, uint32_t part, std::vector<FullEdge>& edges) const {
  const std::vector<Symbol>& dimensions = shapes_[whole];
  const std::vector<Symbol>& wanted = shapes_[part];
  if (wanted.size() < 2 || wanted.size() >= dimensions.size()) return;
  std::vector<size_t> places;
  for (const Symbol& dimension : wanted) {
    const auto found = std::find(dimensions.begin(), dimensions.end(), dimension);
    if (found == dimensions.end()) return;
    places.push_back(static_cast<size_t>(found - dimensions.begin()));
  }
  std::vector<Symbol> cells(places.size());
  for (Node node = 0; node < nodes(); ++node) {
    if (node_shapes_[node] != whole) continue;
    for (size_t i = 0; i < places.size(); ++i) cells[i] = cells_of(node)[places[i]];
    if (const auto found = find(part, cells)) edges.push_back({node, *found, kPart});
  }
}

}  // namespace highwater::rules
