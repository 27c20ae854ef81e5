#include "rules/incidents/notes.h"

#include <algorithm>

namespace highwater::rules {
namespace {

// A page stays readable: more notes than this say nothing more.
constexpr size_t kMaxNotes = 3;

std::vector<Symbol> shape_of(const Entity& entity) {
  std::vector<Symbol> shape;
  for (const auto& [dimension, value] : entity.labels) shape.push_back(dimension);
  return shape;
}

}  // namespace

NoteIndex::NoteIndex(std::span<const ObservationPtr> observations) {
  for (const ObservationPtr& observation : observations) {
    for (const Note& note : observation->notes) {
      std::vector<std::string_view>& texts = notes_[note.entity];
      if (std::find(texts.begin(), texts.end(), note.text) == texts.end())
        texts.emplace_back(note.text);
      std::vector<Symbol> shape = shape_of(note.entity);
      if (std::find(shapes_.begin(), shapes_.end(), shape) == shapes_.end())
        shapes_.push_back(std::move(shape));
    }
  }
  std::stable_sort(shapes_.begin(), shapes_.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string NoteIndex::about(const Entity& entity) const {
  std::string text;
  size_t count = 0;
  Entity part;
  for (const std::vector<Symbol>& shape : shapes_) {
    if (shape.size() == 1 && entity.labels.size() > 1) continue;
    if (!project(entity, shape, part)) continue;
    const auto found = notes_.find(part);
    if (found == notes_.end()) continue;
    for (const std::string_view note : found->second) {
      if (++count > kMaxNotes) return text;
      if (!text.empty()) text += "; ";
      text += note;
    }
  }
  return text;
}

bool project(const Entity& entity, std::span<const Symbol> dimensions, Entity& part) {
  part.labels.clear();
  auto label = entity.labels.begin();
  for (const Symbol& dimension : dimensions) {
    while (label != entity.labels.end() && !(label->first == dimension)) ++label;
    if (label == entity.labels.end()) return false;
    part.labels.push_back(*label++);
  }
  return true;
}

}  // namespace highwater::rules
