// How the pages of sources come over HTTP: the client that also pushes, behind the port that the
// sources ask for. Called on the sources' threads.
#pragma once

#include "collectors/sources/mapping.h"

namespace highwater::agent {

[[nodiscard]] sources::Transfer make_source_transfer(const sources::SourcePlan& plan);

}  // namespace highwater::agent
