#include "exporters/dashboards/scrape.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "exporters/http/address.h"

namespace highwater::dashboards {

namespace {

std::string access_text(const ScrapeAccess& access) {
  std::string text;
  if (access.tls)
    text +=
        "    # Not needed when the system trusts whoever issued the agent's certificate.\n"
        "    tls_config: {ca_file: /etc/prometheus/highwater-ca.pem}\n";
  if (!access.user.empty())
    text += fmt::format(
        "    basic_auth: {{username: {}, password_file: /etc/prometheus/highwater-password}}\n",
        nlohmann::json(access.user).dump());
  else if (access.token)
    text += "    authorization: {credentials_file: /etc/prometheus/highwater-token}\n";
  return text;
}

}  // namespace

Result<std::string> scrape_config(std::string_view agent_url, const ScrapeAccess& access) {
  const Result<http::Url> url = http::parse_url(agent_url);
  if (!url) return tl::unexpected(url.error());
  const std::string_view path = url->target == "/" ? "" : std::string_view(url->target);
  // A scrape is answered from the last report and asks Kafka nothing, so a short interval is cheap.
  return fmt::format(
      "scrape_configs:\n"
      "  - job_name: highwater\n"
      "    scrape_interval: 15s\n"
      "    scheme: {}\n"
      "    metrics_path: \"{}/metrics\"\n"
      "{}"
      "    # The agent's own labels (`cluster`, `topic`, ...) stay as they are.\n"
      "    honor_labels: true\n"
      "    static_configs:\n"
      "      - targets: [\"{}\"]\n",
      url->scheme == http::Scheme::https ? "https" : "http", path, access_text(access),
      url->authority());
}

}  // namespace highwater::dashboards
