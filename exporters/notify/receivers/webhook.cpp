#include "exporters/notify/receivers/webhook.h"

#include "exporters/notify/receivers/alertmanager_json.h"
#include "exporters/notify/receivers/http_receiver.h"
#include "exporters/notify/receivers/standard_webhooks.h"

namespace highwater::notify {
namespace {

class Webhook : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    Result<http::Request> request = post(settings().secret("url"), delivery, attempt);
    if (!request) return not_sent(request.error());
    request->body = webhook_json(std::span(&delivery.notice, 1), sender());
    if (const auto done = sign(*request, delivery, attempt); !done) return not_sent(done.error());
    return send_and_judge(*request, attempt);
  }

 private:
  // As Standard Webhooks, with each of the secrets: while they are changed there are two.
  Result<void> sign(http::Request& request, const Delivery& delivery,
                    const Attempt& attempt) const {
    const std::vector<Secret> secrets = settings().secrets("secret");
    if (secrets.empty()) return {};
    const int64_t now =
        std::chrono::floor<std::chrono::seconds>(attempt.now.time_since_epoch()).count();
    std::string signatures;
    for (const Secret& secret : secrets) {
      const Result<std::string> text = secret.value();
      if (!text) return tl::unexpected(text.error());
      const Result<std::string> key = signing_key(*text);
      if (!key) return tl::unexpected(key.error());
      if (!signatures.empty()) signatures += ' ';
      signatures += standard_signature(delivery.id, now, request.body, *key);
    }
    request.headers.emplace_back("webhook-id", delivery.id);
    request.headers.emplace_back("webhook-timestamp", std::to_string(now));
    request.headers.emplace_back("webhook-signature", signatures);
    return {};
  }
};

std::optional<SettingMistake> check_webhook(const Settings& settings) {
  for (const Secret& secret : settings.secrets("secret")) {
    if (secret.is_elsewhere()) continue;
    if (const auto key = signing_key(secret.written()); !key)
      return SettingMistake{"secret", "'secret': " + key.error().message,
                            "make one with: echo whsec_$(openssl rand -base64 32)"};
  }
  return std::nullopt;
}

}  // namespace

const ReceiverKind& webhook_kind() {
  static const ReceiverKind kKind{
      .name = "webhook",
      .help = "JSON in the shape of Alertmanager's webhook, posted to an address.",
      .settings = {{.key = "url",
                    .type = SettingType::address,
                    .required = true,
                    .help = "Where notifications are posted."},
                   {.key = "secret",
                    .type = SettingType::secrets,
                    .help = "What notifications are signed with, as Standard Webhooks; several "
                            "while it is changed."},
                   header_setting(), bearer_setting()},
      .check = check_webhook,
      .make = make_receiver<Webhook>};
  return kKind;
}

}  // namespace highwater::notify
