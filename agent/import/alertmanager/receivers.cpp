#include "agent/import/alertmanager/receivers.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "agent/import/alertmanager/configs.h"
#include "agent/import/yaml_text.h"

namespace highwater::agent::alertmanager {
namespace {

constexpr std::string_view kPagerDuty = "https://events.pagerduty.com/v2/enqueue";
constexpr std::string_view kTelegram = "https://api.telegram.org";
constexpr std::string_view kSlackApi = "https://slack.com/api/chat.postMessage";

bool is_timeout(std::string_view text) {
  const Result<Duration> length = parse_duration(text);
  return length && *length >= std::chrono::milliseconds(100) && *length <= std::chrono::seconds(60);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Each of these reads one entry; false: it was lost, and that was said.

bool read_webhook(ConfigReader& reader) {
  const std::string url = reader.secret("url");
  reader.set("url", url);
  (void)reader.text("max_alerts");  // a notification is one incident
  const std::string timeout = reader.text("timeout");
  if (is_timeout(timeout))
    reader.ours().timeout = timeout;
  else if (!timeout.empty() && timeout != "0s")
    reader.lose(fmt::format("a timeout of {}: 60s is the longest, 10s holds without", timeout));
  reader.read_send_resolved(true);
  reader.read_http(true);
  if (url.empty()) reader.lose("a webhook without a url");
  return !url.empty();
}

bool read_pagerduty(ConfigReader& reader) {
  const std::string key = reader.secret("routing_key");
  reader.set("routing_key", key);
  const std::string url = reader.text("url", "pagerduty_url");
  if (url != kPagerDuty) reader.set_text("url", url);
  if (const std::string severity = peek(reader.node(), "severity");
      severity == "critical" || severity == "error" || severity == "warning" ||
      severity == "info") {
    for (const char* const ours : {"page_severity", "ticket_severity", "info_severity"})
      reader.set(ours, severity);
    (void)reader.text("severity");
  } else {
    reader.drop_texts({"severity"});
  }
  reader.read_send_resolved(true);
  reader.drop_texts({"class", "component", "group", "details", "images", "links", "client",
                     "client_url", "description", "source"});
  for (const char* const old : {"service_key", "service_key_file"}) (void)reader.text(old);
  reader.read_http(false);
  if (key.empty())
    reader.lose("an integration of PagerDuty's Events v1: make one for 'Events API V2'");
  return !key.empty();
}

bool read_slack(ConfigReader& reader) {
  reader.read_send_resolved(false);
  reader.drop_texts({"username", "color", "title", "title_link", "pretext", "text", "fields",
                     "short_fields", "footer", "fallback", "callback_id", "icon_emoji", "icon_url",
                     "image_url", "thumb_url", "link_names", "mrkdwn_in", "actions"});
  const std::string channel = reader.text("channel");
  std::string token = reader.secret("app_token", "slack_app_token");
  const bool posts = peek(reader.node(), "api_url") == kSlackApi;
  if (token.empty() && posts) token = reader.bearer_token();
  if (!token.empty()) {
    (void)reader.text("api_url");
    (void)reader.text("app_url", "slack_app_url");
    reader.set("token", token);
    reader.set_text("channel", channel);
    reader.read_http(false);
    if (channel.empty() || is_template(channel))
      reader.lose("the channel of a bot is not written here");
    return !channel.empty() && !is_template(channel);
  }
  const std::string url = reader.secret("api_url", "slack_api_url");
  reader.set("url", url);
  reader.read_http(false);
  if (!channel.empty() && !url.empty())
    reader.lose(
        fmt::format("the channel '{}' of Slack: an incoming webhook writes to its own", channel));
  if (url.empty()) reader.lose("neither a webhook nor a token of Slack");
  return !url.empty();
}

// "a@example.org" of "Ann <a@example.org>"
std::string address_of(std::string_view text) {
  const size_t open = text.find('<');
  if (open != std::string_view::npos) {
    text.remove_prefix(open + 1);
    text = text.substr(0, text.find('>'));
  }
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

std::vector<std::string> addresses_of(std::string_view text) {
  std::vector<std::string> addresses;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const std::string address = address_of(text.substr(0, end));
    if (!address.empty()) addresses.push_back(address);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return addresses;
}

bool read_email(ConfigReader& reader) {
  reader.read_send_resolved(false);
  reader.drop_texts({"headers", "html", "text"});
  (void)reader.text("hello", "smtp_hello");
  const std::string smarthost = reader.text("smarthost", "smtp_smarthost");
  const size_t colon = smarthost.rfind(':');
  const std::string host = smarthost.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : smarthost.substr(colon + 1);
  const std::string from = reader.text("from", "smtp_from");
  const std::string user = reader.text("auth_username", "smtp_auth_username");
  (void)reader.text("auth_identity", "smtp_auth_identity");
  const std::string password = reader.secret("auth_password", "smtp_auth_password");
  const bool encrypted = reader.flag("require_tls", "smtp_require_tls").value_or(true);
  const bool logs_in = !user.empty() && !password.empty();
  const std::vector<std::string> to = addresses_of(reader.text("to"));
  reader.set_text("host", host);
  if (is_number(port)) reader.set("port", port);
  reader.set("security", port == "465" ? "tls" : encrypted || logs_in ? "starttls" : "none");
  if (!encrypted && logs_in && port != "465")
    reader.lose("a login without encryption: 'starttls' is asked for instead");
  if (logs_in) {
    reader.set_text("user", user);
    reader.set("password", password);
  }
  reader.set_text("from", address_of(from));
  if (!to.empty()) reader.set("to", one_or_list(to));
  reader.read_email_tls();
  if (host.empty() || from.empty() || to.empty() || is_template(from + host + to.front())) {
    reader.lose("a mail without a server, a sender or an address, or with a template for it");
    return false;
  }
  return true;
}

bool read_telegram(ConfigReader& reader) {
  reader.read_send_resolved(true);
  reader.drop_texts({"message", "parse_mode", "disable_notifications"});
  const std::string token = reader.secret("bot_token", "telegram_bot_token");
  const std::string chat = reader.text("chat_id");
  reader.set("token", token);
  reader.set_text("chat_id", chat);
  const std::string topic = reader.text("message_thread_id");
  if (is_number(topic) && topic != "0") reader.set("topic_id", topic);
  const std::string api = reader.text("api_url", "telegram_api_url");
  if (api != kTelegram) reader.set_text("api", api);
  reader.read_http(false);
  if (token.empty() || chat.empty()) reader.lose("a bot of Telegram without a token or a chat");
  return !token.empty() && !chat.empty();
}

bool read_channel_webhook(ConfigReader& reader) {
  reader.read_send_resolved(true);
  reader.drop_texts({"title", "message", "content", "username", "avatar_url", "summary", "text"});
  const std::string url = reader.secret("webhook_url");
  reader.set("url", url);
  reader.read_http(false);
  if (url.empty()) reader.lose("no webhook_url");
  return !url.empty();
}

bool read_connector(ConfigReader& reader) {
  if (!read_channel_webhook(reader)) return false;
  reader.lose(
      "a connector of Office 365: 'teams' posts to a workflow: make one, and take its address");
  return true;
}

class ReceiversReader {
 public:
  ReceiversReader(const YamlNode& document, Fields& fields, std::vector<Loss>& losses)
      : document_(document),
        fields_(fields),
        losses_(losses),
        around_{fields.map(document, "global"),
                fields,
                losses,
                ours_.variables,
                tally_,
                variable_names_} {}

  OurReceivers read() {
    for (const YamlNode& node : fields_.list(document_, "receivers").items)
      taken_.insert(peek(node, "name"));
    for (const YamlNode& node : fields_.list(document_, "receivers").items) read_receiver(node);
    tally_.report(losses_);
    return std::move(ours_);
  }

 private:
  void read_receiver(const YamlNode& node) {
    fields_.open(node);
    const std::string name = fields_.text(node, "name");
    Outlet& outlet = ours_.outlets[name];
    outlet.line = node.line;
    std::vector<OurReceiver> read;
    for (const auto& [key, list] : node.entries) {
      constexpr std::string_view kEnd = "_configs";
      if (!key.scalar.ends_with(kEnd) || list.items.empty()) continue;
      (void)fields_.list(node, key.scalar);
      const std::string theirs = key.scalar.substr(0, key.scalar.size() - kEnd.size());
      for (const YamlNode& config : list.items) {
        if (auto one = read_config(config, name, theirs))
          read.push_back(std::move(*one));
        else
          outlet.lost.push_back(one_line(theirs));
      }
    }
    fields_.report(node, fmt::format("receiver '{}'", name), losses_);
    for (OurReceiver& one : read) {
      one.name = read.size() == 1 ? name : unlike(fmt::format("{}-{}", name, one.kind));
      outlet.ours.push_back(one.name);
      ours_.receivers.push_back(std::move(one));
    }
  }

  std::optional<OurReceiver> read_config(const YamlNode& node, const std::string& receiver,
                                         const std::string& theirs) {
    const std::string kind = theirs.starts_with("msteams") ? "teams" : theirs;
    ConfigReader reader(node, receiver, kind, around_);
    const auto read = [&]() -> std::optional<bool> {
      if (node.kind != YamlNode::Kind::map) return std::nullopt;
      if (theirs == "webhook") return read_webhook(reader);
      if (theirs == "pagerduty") return read_pagerduty(reader);
      if (theirs == "slack") return read_slack(reader);
      if (theirs == "email") return read_email(reader);
      if (theirs == "telegram") return read_telegram(reader);
      if (theirs == "discord" || theirs == "msteamsv2") return read_channel_webhook(reader);
      if (theirs == "msteams") return read_connector(reader);
      return std::nullopt;
    }();
    if (!read) {
      losses_.push_back(
          {node.line, fmt::format("receiver '{}': Highwater has no receiver of the kind '{}'; "
                                  "'webhook' and 'command' reach whatever takes JSON",
                                  receiver, theirs)});
      fields_.take(node);
    }
    return read.value_or(false) ? std::optional(std::move(reader.ours())) : std::nullopt;
  }

  std::string unlike(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}-{}", wanted, i);
    return name;
  }

  const YamlNode& document_;
  Fields& fields_;
  std::vector<Loss>& losses_;
  OurReceivers ours_;
  Tally tally_;
  std::set<std::string> variable_names_;
  Surroundings around_;
  std::set<std::string> taken_;  // names
};

}  // namespace

OurReceivers read_receivers(const YamlNode& document, Fields& fields, std::vector<Loss>& losses) {
  return ReceiversReader(document, fields, losses).read();
}

}  // namespace highwater::agent::alertmanager
