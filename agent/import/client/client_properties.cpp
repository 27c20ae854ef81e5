#include "agent/import/client/client_properties.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agent/import/client/known_properties.h"
#include "agent/import/client/properties.h"
#include "agent/import/client/reading.h"
#include "agent/import/yaml_text.h"

namespace highwater::agent {
namespace {

using client::Property;
using client::Reading;
using client::Settings;

std::string read_bootstrap(Reading& reading) {
  const auto servers = reading.take_first({"bootstrap.servers", "metadata.broker.list"});
  if (!servers) {
    reading.lose("bootstrap.servers",
                 "it is not there: write the addresses of some brokers in place of BROKER:9092");
    return "[\"BROKER:9092\"]";
  }
  std::vector<std::string> list;
  for (std::string_view one : client::pieces(*servers)) {
    // librdkafka takes "SSL://host:9092", and so do people.
    if (const size_t scheme = one.find("://"); scheme != std::string_view::npos)
      one.remove_prefix(scheme + 3);
    list.push_back(quoted(one));
  }
  return fmt::format("[{}]", fmt::join(list, ", "));
}

// What nobody took: of the connection it is a loss, unless it has no meaning or no effect; the rest
// is of consumers and producers.
struct Left {
  std::vector<std::string> without_effect;
  std::vector<std::string> other;
};
Left sort_what_is_left(Reading& reading, const std::string& protocol) {
  Left left;
  for (const Property* const property : reading.left()) {
    const std::string& key = property->key;
    const bool without_effect = (key.starts_with("ssl.") && !protocol.ends_with("SSL")) ||
                                (key.starts_with("sasl.") && !protocol.starts_with("SASL"));
    if (without_effect)
      left.without_effect.push_back(key);
    else if (client::is_of_the_connection(key) && !client::has_no_meaning(key, property->value))
      reading.lose(key, "it has no counterpart");
    else
      left.other.push_back(key);
  }
  return left;
}

std::string list_text(const char* what, const std::vector<std::string>& keys) {
  if (keys.empty()) return "";
  return fmt::format("# {}: {}\n", what, one_line(fmt::format("{}", fmt::join(keys, ", "))));
}

std::string head_text(const std::string& file, const Reading& reading,
                      const std::vector<Loss>& losses, const Left& left) {
  std::string text = fmt::format("# Imported from {}.\n", one_line(file));
  if (!losses.empty()) text += "# Not taken over, or not exactly:\n";
  for (const Loss& loss : losses)
    text += fmt::format("#   line {}: {}\n", loss.line, one_line(loss.what));
  if (!reading.variables().empty())
    text += fmt::format(
        "# Secrets are read from the environment; {{file: PATH}} in place of {{env: NAME}} reads a "
        "file:\n#   {}\n",
        fmt::join(reading.variables(), "\n#   "));
  return text + list_text("Without effect with this security.protocol", left.without_effect) +
         list_text("Of no use to a monitor", left.other);
}

}  // namespace

Result<ImportedClient> import_client_properties(std::string_view text, const std::string& file) {
  Result<std::vector<Property>> properties = client::read_properties(text);
  if (!properties) return fail(fmt::format("{}: {}", file, properties.error().message));
  if (std::ranges::none_of(*properties, client::is_of_the_connection, &Property::key))
    return fail(
        fmt::format("{} says nothing of how to connect: no bootstrap.servers, "
                    "security.protocol, ssl.* or sasl.*",
                    file));
  Reading reading(std::move(*properties));
  const std::string bootstrap = read_bootstrap(reading);
  Settings security;
  const std::string protocol =
      client::upper(reading.take("security.protocol").value_or("PLAINTEXT"));
  if (protocol != "PLAINTEXT") security.emplace_back("protocol", plain_or_quoted(protocol));
  if (protocol.ends_with("SSL")) client::read_tls(reading, security);
  if (protocol.starts_with("SASL")) client::read_login(reading, security);
  const Left left = sort_what_is_left(reading, protocol);

  ImportedClient imported{"", reading.losses()};
  std::ranges::stable_sort(imported.losses, {}, &Loss::line);
  imported.yaml = head_text(file, reading, imported.losses, left) +
                  fmt::format("clusters:\n  - name: kafka\n    bootstrap: {}\n", bootstrap);
  if (!security.empty()) imported.yaml += "    security:\n";
  for (const auto& [key, value] : security)
    imported.yaml += fmt::format("      {}: {}\n", key, value);
  return imported;
}

}  // namespace highwater::agent
