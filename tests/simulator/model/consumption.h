// How groups read: their members move on at a rate, or keep up with the end of the log, and commit
// now and then. Pure functions on the world, used by the model.
#pragma once

#include "tests/simulator/model/world.h"

namespace highwater::simulator {

// Moves the members' positions on to `now`.
void read_on(const World& world, Group& group, Duration now);

// Commits the positions, when the group's coordinator can take them.
void commit(const World& world, Group& group);

void change_consume(const World& world, Group& group, const Consume& consume, Duration now);

}  // namespace highwater::simulator
