#include "exporters/notify/receivers/telegram.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "exporters/html/html.h"
#include "exporters/notify/message.h"
#include "exporters/notify/receivers/http_receiver.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kApi = "https://api.telegram.org";
constexpr Limit kText{4096};
constexpr Limit kHeadline{300};
constexpr size_t kMaxAnswer = size_t{64} * 1024;

// In Telegram's HTML. Its limit holds for what is seen; here for the tags as well.
std::string text_of(const Message& message) {
  const std::string head =
      "<b>" + cut_escaped(message.headline(), kHeadline, html_escape) + "</b>\n\n";
  const std::string end = fmt::format(
      "\n\n<a href=\"{}\">Runbook</a> · <a href=\"{}\">Incident</a>{}\nCorrelation id: "
      "<code>{}</code>",
      html_escape(message.runbook), html_escape(message.page),
      message.acknowledge.empty()
          ? ""
          : fmt::format(" · <a href=\"{}\">Acknowledge</a>", html_escape(message.acknowledge)),
      message.correlation);
  const size_t used = length(head, kText.unit) + length(end, kText.unit);
  const size_t room = kText.most - std::min(kText.most, used);
  return head + cut_escaped(body_text(message), {room}, html_escape) + end;
}

class Telegram : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    const Result<std::string> token = settings().secret("token").value();
    if (!token) return not_sent(token.error());
    Result<http::Request> request = post(settings().secret("api", kApi), delivery, attempt);
    if (!request) return not_sent(request.error());
    request->url += "/bot" + *token + "/sendMessage";
    request->linger = std::nullopt;  // the answer names the message
    request->max_response_bytes = kMaxAnswer;
    request->body = body_of(delivery).dump(-1, ' ', false, Json::error_handler_t::replace);
    const auto response = send(*request);
    Answer answer = judge(*request, response, attempt.now, {*token});
    if (response) read(response->body, answer);
    return answer;
  }

 private:
  [[nodiscard]] Json body_of(const Delivery& delivery) const {
    Json body{{"chat_id", settings().text("chat_id")},
              {"text", text_of(message_of(delivery, sender().external_url, sender().form))},
              {"parse_mode", "HTML"},
              {"link_preview_options", {{"is_disabled", true}}}};
    if (settings().has("topic_id")) body["message_thread_id"] = settings().number("topic_id", 0);
    int64_t first = 0;
    const char* const end = delivery.handle.data() + delivery.handle.size();
    if (std::from_chars(delivery.handle.data(), end, first).ptr == end && first > 0)
      body["reply_parameters"] = {{"message_id", first}, {"allow_sending_without_reply", true}};
    if (delivery.incident().severity == Severity::info) body["disable_notification"] = true;
    return body;
  }

  // The number of the message that was made, or how long to wait.
  static void read(const std::string& text, Answer& answer) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return;
    const auto number = [&](const char* part, const char* key) {
      const Json inner = json.value(part, Json::object());
      return inner.is_object() && inner.contains(key) && inner[key].is_number_integer()
                 ? inner[key].get<int64_t>()
                 : int64_t{0};
    };
    if (const int64_t id = number("result", "message_id"); id > 0)
      answer.handle = std::to_string(id);
    const int64_t wait = number("parameters", "retry_after");
    if (answer.outcome == Outcome::retry && wait > 0)
      answer.retry_after = std::chrono::seconds(std::min<int64_t>(wait, 86'400));
  }
};

}  // namespace

const ReceiverKind& telegram_kind() {
  static const ReceiverKind kKind{
      .name = "telegram",
      .help = "Messages of a bot in a chat of Telegram.",
      .to_people = true,
      .settings = {{.key = "token",
                    .type = SettingType::secret,
                    .required = true,
                    .help = "Of the bot, as BotFather gives it."},
                   {.key = "chat_id",
                    .type = SettingType::text,
                    .required = true,
                    .help = "The chat's number, negative for groups, or @name of a public one."},
                   {.key = "topic_id",
                    .type = SettingType::number,
                    .help = "The topic of a group that has topics.",
                    .lowest = 1,
                    .highest = INT64_C(1'000'000'000'000)},
                   {.key = "api",
                    .type = SettingType::address,
                    .fallback = kApi,
                    .help = "Where the Bot API is."}},
      .make = make_receiver<Telegram>};
  return kKind;
}

}  // namespace highwater::notify
