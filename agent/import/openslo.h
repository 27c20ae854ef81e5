// SLOs of OpenSLO (openslo/v1, any number of documents in a file) in our words. Used by the import
// command; pure, any thread.
#pragma once

#include <optional>

#include "agent/import/rules.h"

namespace highwater::agent {

// Nothing when the file is no OpenSLO at all; diagnostics says why. What cannot be said in measures
// is among the losses.
[[nodiscard]] std::optional<Import> import_openslo(std::string_view text, const std::string& file,
                                                   const ImportContext& context,
                                                   Diagnostics& diagnostics);

}  // namespace highwater::agent
