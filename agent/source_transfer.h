// How the pages of sources come over HTTP: the client that also pushes, behind the port that the
// sources ask for. Called on the sources' threads.
#pragma once

#include "collectors/sources/source.h"

namespace highwater::agent {

[[nodiscard]] sources::Transfer make_source_transfer();

}  // namespace highwater::agent
