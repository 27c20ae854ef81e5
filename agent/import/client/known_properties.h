// What is known of the names and values in a client's properties. Used by the import command;
// pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace highwater::agent::client {

// Whether a property says how a client connects and logs in.
[[nodiscard]] bool is_of_the_connection(std::string_view key);
// Of those: what the agent does by itself, or what says what is so anyway.
[[nodiscard]] bool has_no_meaning(std::string_view key, std::string_view value);

// Of sasl.*.callback.handler.class: one that comes with Kafka, or with Amazon's login.
[[nodiscard]] bool is_known_handler(std::string_view name);

// Where a value is that a provider of Kafka's configuration brings, as our YAML has it:
// "${env:NAME}" is {env: NAME}, "${directory:/run:name}" is {file: "/run/name"}. "" for other
// providers, nothing where the value is the secret itself.
[[nodiscard]] std::optional<std::string> secret_elsewhere(std::string_view value);

// ASCII letters only: "sasl_ssl" is librdkafka's way to write it.
[[nodiscard]] std::string upper(std::string text);
// Between commas, without blanks around them; empty ones are left out. Views of `list`.
[[nodiscard]] std::vector<std::string_view> pieces(std::string_view list);

}  // namespace highwater::agent::client
