// What a form of a page sends: application/x-www-form-urlencoded, as the URL Standard has it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "exporters/http/server.h"

namespace highwater::http {

// The fields in their order. A '%' that is not followed by two digits stays as it is.
[[nodiscard]] HeaderList parse_form(std::string_view body);
// The first of that name, or empty.
[[nodiscard]] std::string form_value(const HeaderList& form, std::string_view name);

}  // namespace highwater::http
