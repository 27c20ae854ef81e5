#include "exporters/notify/receivers/registry.h"

#include <algorithm>
#include <array>

#include "exporters/notify/receivers/alertmanager.h"
#include "exporters/notify/receivers/command.h"
#include "exporters/notify/receivers/discord.h"
#include "exporters/notify/receivers/email.h"
#include "exporters/notify/receivers/ntfy.h"
#include "exporters/notify/receivers/pagerduty.h"
#include "exporters/notify/receivers/slack.h"
#include "exporters/notify/receivers/teams.h"
#include "exporters/notify/receivers/telegram.h"
#include "exporters/notify/receivers/webhook.h"

namespace highwater::notify {
namespace {

void check_secrets(const ReceiverConfig& config, Log& log) {
  for (const Secret& secret : config.settings.all_secrets()) {
    if (const auto value = secret.value(); !value)
      log.error("notifications to this receiver will fail until its secrets can be read",
                {{"receiver", config.name}, {"error", value.error().message}});
  }
}

void check_certificates(const ReceiverConfig& config, const http::Client& client, Log& log) {
  if (config.settings.tls == http::TlsOptions{}) return;
  if (const auto checked = client.check(config.settings.tls); !checked)
    log.error("notifications to this receiver will fail until its certificates can be read",
              {{"receiver", config.name}, {"error", checked.error().message}});
}

}  // namespace

std::span<const ReceiverKind* const> receiver_kinds() {
  static const std::array kKinds{
      &webhook_kind(),  &alertmanager_kind(), &pagerduty_kind(), &slack_kind(), &ntfy_kind(),
      &telegram_kind(), &discord_kind(),      &teams_kind(),     &email_kind(), &command_kind(),
  };
  return kKinds;
}

const ReceiverKind* find_receiver_kind(std::string_view name) {
  const auto found = std::ranges::find(receiver_kinds(), name, &ReceiverKind::name);
  return found != receiver_kinds().end() ? *found : nullptr;
}

std::vector<std::string> written_addresses(const ReceiverConfig& config) {
  std::vector<std::string> addresses;
  for (const Setting& setting : config.kind->settings) {
    if (setting.type == SettingType::address)
      addresses.push_back(config.settings.secret(setting.key, setting.fallback).written());
    if (setting.type != SettingType::addresses) continue;
    for (const Secret& address : config.settings.secrets(setting.key))
      addresses.push_back(address.written());
  }
  std::erase(addresses, std::string());
  return addresses;
}

std::vector<NamedReceiver> make_receivers(const std::vector<ReceiverConfig>& configs,
                                          Surroundings surroundings, Log& log) {
  if (!surroundings.transport) {
    const auto client = std::make_shared<http::Client>();
    for (const ReceiverConfig& config : configs) check_certificates(config, *client, log);
    surroundings.transport = [client](const http::Request& request) {
      return client->send(request);
    };
  }
  std::vector<NamedReceiver> receivers;
  for (const ReceiverConfig& config : configs) {
    check_secrets(config, log);
    const ReceiverContext context{
        .sender = {config.name, surroundings.external_url, surroundings.cluster, config.message,
                   surroundings.by_correlation},
        .transport = surroundings.transport};
    NamedReceiver& made = receivers.emplace_back();
    made.name = config.name;
    made.policy = config.policy;
    if (const auto& rhythm = config.kind->rhythm) {
      made.policy.repeat_interval = rhythm->every;
      made.policy.resolved_repeated_for = rhythm->resolved_until;
    }
    made.timeout = config.timeout;
    made.receiver = config.kind->make(config.settings, context);
  }
  return receivers;
}

}  // namespace highwater::notify
