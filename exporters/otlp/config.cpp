#include "exporters/otlp/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "agent/core/plain_text.h"

namespace highwater::otlp {
namespace {

template <class Number>
std::optional<Number> number(const std::string& text) {
  Number value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last) return std::nullopt;
  return value;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "key1=value1,key2=value2", values percent-encoded, as W3C baggage.
std::optional<Attributes> parse_pairs(std::string_view text) {
  Attributes pairs;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    const std::string key(trimmed(item.substr(0, equals)));
    if (equals == std::string_view::npos || key.empty()) return std::nullopt;
    pairs.emplace_back(key, percent_decoded(trimmed(item.substr(equals + 1))));
  }
  return pairs;
}

void set(Attributes& attributes, const std::string& key, const std::string& value) {
  for (auto& [known, current] : attributes) {
    if (known != key) continue;
    current = value;
    return;
  }
  attributes.emplace_back(key, value);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

bool is_url(const std::string& text) {
  const std::string scheme = lower_case(text.substr(0, 8));
  return scheme.starts_with("http://") || scheme.starts_with("https://");
}

// A collector's address alone means its usual path.
std::string with_path(const std::string& url) {
  const size_t host = url.find("://") + 3;
  const size_t path = url.find('/', host);
  if (path != std::string::npos && path + 1 < url.size()) return url;
  return url.substr(0, path) + "/v1/traces";
}

// Reads the variables one by one; what cannot be done becomes a warning.
class Reader {
 public:
  Reader(TraceSettings& settings, const Environment& environment)
      : settings_(settings), config_(settings.config), environment_(environment) {}

  void read() {
    if (!config_.endpoint.empty()) config_.endpoint = with_path(config_.endpoint);
    endpoint();
    unsupported();
    headers();
    if (const auto file = either("CERTIFICATE")) config_.tls.ca_file = file->second;
    if (const auto file = either("CLIENT_CERTIFICATE")) config_.tls.certificate = file->second;
    if (const auto file = either("CLIENT_KEY")) config_.tls.key = file->second;
    if (const auto text = either("TIMEOUT")) milliseconds(text->first, config_.timeout, 1);
    resource();
    sampler();
    milliseconds("OTEL_BSP_SCHEDULE_DELAY", config_.delay, 0);
    milliseconds("OTEL_BSP_EXPORT_TIMEOUT", config_.export_timeout, 1);
    size("OTEL_BSP_MAX_QUEUE_SIZE", config_.queue_size, 1'000'000);
    size("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", config_.batch_size, 10'000);
    config_.batch_size = std::min(config_.batch_size, config_.queue_size);
    if (!config_.endpoint.empty() && !is_url(config_.endpoint)) {
      warn("the endpoint for traces is not an http or https URL: no traces are sent");
      config_.endpoint.clear();
    }
    if (const auto off = value("OTEL_SDK_DISABLED"); off && lower_case(*off) == "true")
      config_.endpoint.clear();
    if (const auto exporter = value("OTEL_TRACES_EXPORTER")) {
      if (lower_case(*exporter) == "none") config_.endpoint.clear();
    }
  }

 private:
  using Named = std::pair<std::string, std::string>;

  // An empty variable counts as not set.
  std::optional<std::string> value(const std::string& name) {
    auto text = environment_(name);
    if (!text) return std::nullopt;
    std::string value(trimmed(*text));
    if (value.empty()) return std::nullopt;
    return value;
  }

  // The variable for traces wins over the one for everything.
  std::optional<Named> either(const std::string& suffix) {
    for (const char* prefix : {"OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"}) {
      if (auto text = value(prefix + suffix)) return Named{prefix + suffix, *text};
    }
    return std::nullopt;
  }

  void warn(std::string text) { settings_.warnings.push_back(std::move(text)); }

  void endpoint() {
    if (const auto exact = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) {
      config_.endpoint = *exact;
    } else if (auto base = value("OTEL_EXPORTER_OTLP_ENDPOINT")) {
      while (base->ends_with('/')) base->pop_back();
      config_.endpoint = *base + "/v1/traces";
    }
  }

  void unsupported() {
    const auto protocol = either("PROTOCOL");
    if (protocol && protocol->second != "http/protobuf") {
      warn(
          fmt::format("{}={}: only http/protobuf is spoken, and it is used; give the collector's "
                      "HTTP port (4318)",
                      protocol->first, protocol->second));
    }
    if (const auto how = either("COMPRESSION"); how && how->second != "none")
      warn(fmt::format("{}={}: traces are sent uncompressed", how->first, how->second));
    const auto exporter = value("OTEL_TRACES_EXPORTER");
    if (exporter && lower_case(*exporter) != "otlp" && lower_case(*exporter) != "none")
      warn(fmt::format("OTEL_TRACES_EXPORTER={}: only otlp and none are known, otlp is used",
                       *exporter));
  }

  void headers() {
    const auto text = either("HEADERS");
    if (!text) return;
    auto pairs = parse_pairs(text->second);
    if (!pairs) {  // its value may be a secret: not repeated
      warn(text->first + " is not a list like key=value,key=value: it is ignored");
      return;
    }
    config_.headers = std::move(*pairs);
  }

  void resource() {
    Attributes all{{"service.name", "highwater"},
                   {"service.version", HIGHWATER_VERSION},
                   {"service.instance.id", TraceId::random().hex()}};
    if (const std::string host = host_name(); !host.empty()) set(all, "host.name", host);
    for (const auto& [key, text] : config_.resource) set(all, key, text);
    if (const auto text = value("OTEL_RESOURCE_ATTRIBUTES")) {
      if (const auto pairs = parse_pairs(*text)) {
        for (const auto& [key, one] : *pairs) set(all, key, one);
      } else {
        warn("OTEL_RESOURCE_ATTRIBUTES is not a list like key=value,key=value: it is ignored");
      }
    }
    if (const auto name = value("OTEL_SERVICE_NAME")) set(all, "service.name", *name);
    config_.resource = std::move(all);
  }

  // A poll has no parent: what is based on one and what is not are the same here.
  void sampler() {
    const auto name = value("OTEL_TRACES_SAMPLER");
    if (name) {
      std::string plain = lower_case(*name);
      if (plain.starts_with("parentbased_")) plain.erase(0, std::string("parentbased_").size());
      if (plain == "always_on" || plain == "traceidratio") {
        config_.sampler.ratio = 1;
      } else if (plain == "always_off") {
        config_.sampler.ratio = 0;
      } else {
        warn(fmt::format("OTEL_TRACES_SAMPLER={}: not known, {} of the polls are kept", *name,
                         config_.sampler.ratio));
      }
      if (plain != "traceidratio") return;
    }
    const auto text = value("OTEL_TRACES_SAMPLER_ARG");
    if (!text) return;
    const auto ratio = number<double>(*text);
    if (!ratio || !(*ratio >= 0 && *ratio <= 1)) {
      warn(fmt::format("OTEL_TRACES_SAMPLER_ARG={}: a number from 0 to 1 was expected, {} is used",
                       *text, config_.sampler.ratio));
      return;
    }
    config_.sampler.ratio = *ratio;
  }

  void milliseconds(const std::string& name, Duration& target, int64_t least) {
    const auto text = value(name);
    if (!text) return;
    const auto count = number<int64_t>(*text);
    constexpr int64_t kDay = 86'400'000;
    if (!count || *count < least || *count > kDay) {
      warn(fmt::format("{}={}: milliseconds from {} to {} were expected, {} is used", name, *text,
                       least, kDay, format_duration(target)));
      return;
    }
    target = std::chrono::milliseconds(*count);
  }

  void size(const std::string& name, size_t& target, size_t most) {
    const auto text = value(name);
    if (!text) return;
    const auto count = number<uint64_t>(*text);
    if (!count || *count < 1 || *count > most) {
      warn(fmt::format("{}={}: a number from 1 to {} was expected, {} is used", name, *text, most,
                       target));
      return;
    }
    target = *count;
  }

  TraceSettings& settings_;
  TraceConfig& config_;
  const Environment& environment_;
};

}  // namespace

// The lower 63 bits of the trace id against the ratio, as OpenTelemetry's TraceIdRatioBased does.
bool Sampler::keeps(const TraceId& trace) const {
  if (ratio >= 1) return true;
  if (!(ratio > 0)) return false;
  uint64_t low = 0;
  for (size_t i = 8; i < 16; ++i) low = low << 8 | trace.bytes[i];
  return static_cast<double>(low >> 1) < std::ldexp(ratio, 63);
}

TraceSettings trace_settings(TraceConfig configured, const Environment& environment) {
  TraceSettings settings{std::move(configured), {}};
  Reader(settings, environment).read();
  return settings;
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const text = std::getenv(name.c_str());  // NOLINT: read once, at start
    if (text == nullptr) return std::nullopt;
    return std::string(text);
  };
}

}  // namespace highwater::otlp
