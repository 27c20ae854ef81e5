// DependencyGraph: what depends on what in one cluster, made of the relations that collectors emit.
// Used by the cause search, on the pipeline's thread.
//
// Its nodes are entities: the rows of the relations' key sets, and whatever is asked for besides.
// Its edges lead from an entity to what it depends on: by a relation (one hop), or because it is
// also about a part of itself (no hop): {cluster, group, topic} is about {cluster, group}. A part
// has two labels at least, for everything is about {cluster}.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/observation.h"

namespace highwater::rules {

class DependencyGraph {
 public:
  using Node = uint32_t;
  static constexpr uint16_t kPart = UINT16_MAX;
  struct Edge {
    Node node;
    uint16_t
        relation;  // its place in relations(); kPart: the one is about the other, at no distance
    [[nodiscard]] uint32_t hops() const { return relation == kPart ? 0 : 1; }
  };
  // What a relation is besides its rows.
  struct RelationKind {
    std::string_view name;
    RelationWords words;
    bool coordinates = false;
  };

  // Takes up the relations of the newest observations; true when they differ from those before.
  bool follow(std::span<const ObservationPtr> observations);

  // The entity's node; made when there is none yet.
  [[nodiscard]] Node node_of(const Entity& entity);

  // Makes the edges, when nodes or relations came since. Needed before what follows.
  void connect();
  // Grows when connect() made edges anew.
  [[nodiscard]] uint64_t version() const { return version_; }
  [[nodiscard]] size_t nodes() const { return offsets_.size() - 1; }
  [[nodiscard]] std::span<const Edge> causes_of(Node node) const { return forward_.of(node); }
  [[nodiscard]] std::span<const Edge> dependents_of(Node node) const { return backward_.of(node); }
  [[nodiscard]] std::span<const RelationKind> relations() const { return relation_kinds_; }

  // The value of one of the node's labels; null when it has no such label.
  [[nodiscard]] const Symbol* label(Node node, std::string_view dimension) const;
  [[nodiscard]] std::string name_of(Node node) const;  // entity_name of it

  // The values that nodes of relations have for the dimension, sorted.
  [[nodiscard]] std::vector<std::string> values_of(std::string_view dimension) const;

  // Forgets nodes that neither a relation nor `kept` names, when there are many. Then it returns
  // the new numbers by the old ones, UINT32_MAX for those that are gone; otherwise nothing.
  [[nodiscard]] std::optional<std::vector<Node>> forget_unused(std::span<const Node> kept);

 private:
  struct FullEdge {
    Node from;
    Node to;
    uint16_t relation;
  };
  // Edges by the node they start from.
  class Adjacency {
   public:
    void build(size_t nodes, const std::vector<FullEdge>& edges, bool backward);
    [[nodiscard]] std::span<const Edge> of(Node node) const {
      return std::span(edges_).subspan(starts_[node], starts_[node + 1] - starts_[node]);
    }

   private:
    std::vector<uint32_t> starts_;
    std::vector<Edge> edges_;
  };
  struct Rows {
    std::shared_ptr<const KeySet> keys;
    std::vector<Node> nodes;  // by row
  };

  [[nodiscard]] const std::vector<Node>& nodes_of(const std::shared_ptr<const KeySet>& keys);
  [[nodiscard]] uint32_t shape_of(std::span<const Symbol> dimensions);
  [[nodiscard]] Node intern(uint32_t shape, std::span<const Symbol> cells);
  [[nodiscard]] std::optional<Node> find(uint32_t shape, std::span<const Symbol> cells) const;
  [[nodiscard]] size_t slot_of(uint32_t shape, std::span<const Symbol> cells) const;
  [[nodiscard]] std::span<const Symbol> cells_of(Node node) const {
    return std::span(cells_).subspan(offsets_[node], offsets_[node + 1] - offsets_[node]);
  }
  void grow_slots();
  void drop_old_rows();
  [[nodiscard]] uint16_t kind_of(const Relation& relation);
  void add_parts(uint32_t whole, uint32_t part, std::vector<FullEdge>& edges) const;

  std::vector<std::vector<Symbol>> shapes_;  // sets of dimensions, each sorted by text
  std::vector<uint32_t> node_shapes_;        // by node
  std::vector<Symbol> cells_;                // of all nodes, each in its shape's order
  std::vector<size_t> offsets_{0};           // by node, into cells_
  std::vector<Node> slots_;                  // a hash table of nodes
  std::map<const KeySet*, Rows> rows_;

  std::vector<ObservationPtr> related_;  // the observations that hold the relations
  std::vector<RelationKind> relation_kinds_;
  Adjacency forward_;
  Adjacency backward_;
  bool connected_ = false;
  uint64_t version_ = 0;
  size_t nodes_after_cleaning_ = 0;
};

}  // namespace highwater::rules
