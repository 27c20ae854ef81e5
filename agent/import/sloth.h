// SLOs of Sloth (version prometheus/v1, or its Kubernetes resource PrometheusServiceLevel) in our
// words. Used by the import command; pure, any thread.
#pragma once

#include <optional>

#include "agent/import/rules.h"

namespace highwater::agent {

// Nothing when the file is no Sloth at all; diagnostics says why. What cannot be said in measures
// is among the losses.
[[nodiscard]] std::optional<Import> import_sloth(std::string_view text, const std::string& file,
                                                 const ImportContext& context,
                                                 Diagnostics& diagnostics);

}  // namespace highwater::agent
