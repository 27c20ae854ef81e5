#include "exporters/dashboards/scrape.h"

#include <fmt/format.h>

#include "exporters/http/address.h"

namespace highwater::dashboards {

Result<std::string> scrape_config(std::string_view agent_url) {
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
      "    # The agent's own labels (`cluster`, `topic`, ...) stay as they are.\n"
      "    honor_labels: true\n"
      "    static_configs:\n"
      "      - targets: [\"{}\"]\n",
      url->scheme == http::Scheme::https ? "https" : "http", path, url->authority());
}

}  // namespace highwater::dashboards
