// What whoever sends a request may do. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace highwater::http {

enum class Role : uint8_t {
  nobody,
  read,   // pages, metrics and the API
  write,  // also what changes something
};

struct Login {
  Role role = Role::nobody;
  std::string name;  // of the user or the token
};

}  // namespace highwater::http
