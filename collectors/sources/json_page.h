// A JSON document of a source, and the walk to the places that a path names. Used by the sources,
// on their threads; pure. The one file here that knows the JSON library is json_page.cpp.
//
// A document is refused when it is broken, cut off, not UTF-8, too deep, too large, or when a name
// stands twice in one object: which of the two holds nobody can know.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "collectors/sources/json_path.h"

namespace highwater::sources {

struct JsonLimits {
  size_t depth = 64;
  size_t values = 500'000;
};

struct JsonValue {
  enum class Kind : uint8_t { missing, null, number, boolean, text, container };
  Kind kind = Kind::missing;
  double number = 0;        // of a boolean 0 or 1
  std::string_view text{};  // lives as long as the page

  // What it is called as the value of a label: numbers as they are written shortest.
  [[nodiscard]] std::string label() const;
};

// What a `*` or a `[]` stood for.
struct JsonBinding {
  std::string_view name;  // of a member
  size_t index = 0;       // of an item
  bool is_item = false;

  [[nodiscard]] std::string label() const;
};

class JsonPage {
 public:
  [[nodiscard]] static Result<JsonPage> parse(std::string_view text, const JsonLimits& limits = {});
  ~JsonPage();
  JsonPage(JsonPage&&) noexcept;
  JsonPage& operator=(JsonPage&&) noexcept;

  // Every place that the path leads to, also those where nothing stands (missing) once all its
  // wildcards stand for something.
  using Visit = std::function<void(const JsonValue&, const std::vector<JsonBinding>&)>;
  void walk(const JsonPath& path, const Visit& visit) const;
  // Whether the path leads anywhere: to a value, to nothing because a list or an object on the way
  // is empty, or to nothing because the document is built otherwise.
  struct Reach {
    enum class Kind : uint8_t { value, empty, blocked };
    Kind kind = Kind::blocked;
    std::string why;  // of blocked: where it ends, "there is no 'taks': did you mean 'tasks'?"
  };
  [[nodiscard]] Reach reach(const JsonPath& path) const;
  // Where a path leads with its wildcards standing for these.
  [[nodiscard]] JsonValue at(const JsonPath& path, const std::vector<JsonBinding>& bindings) const;

 private:
  struct Document;
  explicit JsonPage(std::unique_ptr<Document> document);
  std::unique_ptr<Document> document_;
};

}  // namespace highwater::sources
