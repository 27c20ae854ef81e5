// The page of silences: those there are, what each hides now, and a form for another one. Made of
// what GET /api/v1/silences answers. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace highwater::web {

// What stands in the form.
struct SilenceForm {
  std::string matchers{};    // one a line: "topic=payments-*"
  std::string lasts = "2h";  // empty: until what it hides now is resolved
  std::string author{};
  std::string comment{};
  std::string mistake{};  // why it was not taken; empty: it was not sent
};

// `preview`: what POST /api/v1/silences answered when it was asked what the form's would hide; null
// otherwise. `may_change`: whoever asks may make and end silences.
[[nodiscard]] std::string silences_page(const nlohmann::ordered_json& silences,
                                        const SilenceForm& form,
                                        const nlohmann::ordered_json& preview, bool may_change);

}  // namespace highwater::web
