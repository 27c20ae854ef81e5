#include "exporters/notify/receivers/slack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "exporters/http/peer_text.h"
#include "exporters/notify/receivers/http_receiver.h"
#include "exporters/notify/receivers/slack_blocks.h"
#include "exporters/push/retry_after.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kApi = "https://slack.com/api";
// An answer repeats the whole message.
constexpr size_t kMaxAnswer = size_t{256} * 1024;
constexpr size_t kMaxSaid = 200;

// The answers of the Web API that say "later".
constexpr std::array<std::string_view, 6> kLater{"ratelimited",         "internal_error",
                                                 "fatal_error",         "request_timeout",
                                                 "service_unavailable", "team_added_to_org"};
// And those that say that the message to be updated cannot be.
constexpr std::array<std::string_view, 4> kMessageGone{"message_not_found", "cant_update_message",
                                                       "edit_window_closed", "is_inactive"};

template <size_t N>
bool is_one_of(const std::array<std::string_view, N>& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The answer of an incoming webhook: the text "ok", and anything else is an error.
Answer judge_webhook(const http::Request& request, const Result<http::Response>& response,
                     WallTime now) {
  Answer answer = judge(request, response, now);
  if (answer.outcome != Outcome::delivered || response->body == "ok") return answer;
  return refused("Slack answers: " + said_by(*response, request), answer.status);
}

// Where a message is: the channel's id and the message's time stamp, its name there.
struct Place {
  std::string channel;
  std::string ts;
};

std::string handle_of(const Place& place, std::string_view severity) {
  return fmt::format("{} {} {}", place.channel, place.ts, severity);
}

struct Handle {
  Place place;
  std::string severity;  // the one that was told last

  static std::optional<Handle> parse(const std::string& text) {
    const size_t first = text.find(' ');
    const size_t second = text.find(' ', first + 1);
    if (first == std::string::npos || second == std::string::npos) return std::nullopt;
    return Handle{{text.substr(0, first), text.substr(first + 1, second - first - 1)},
                  text.substr(second + 1)};
  }
};

// What the Web API says of one call.
struct Call {
  Answer answer;
  std::string error;  // Slack's word; empty: it went well, or no answer came
  Place place;        // of the message
};

class Slack : public HttpReceiver {
 public:
  using HttpReceiver::HttpReceiver;

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    const Message message = message_of(delivery, sender().external_url, sender().form);
    if (settings().has("url")) return post_to_webhook(message, delivery, attempt);
    const auto known = Handle::parse(delivery.handle);
    if (!known) return open(message, delivery, attempt);
    return update(message, *known, delivery, attempt);
  }

 private:
  Answer post_to_webhook(const Message& message, const Delivery& delivery,
                         const Attempt& attempt) const {
    Result<http::Request> request = post(settings().secret("url"), delivery, attempt);
    if (!request) return not_sent(request.error());
    request->linger = std::nullopt;  // the text of the answer is what counts
    request->body = dump(slack_message(message));
    return judge_webhook(*request, send(*request), attempt.now);
  }

  // The first message of an incident.
  Answer open(const Message& message, const Delivery& delivery, const Attempt& attempt) const {
    Json body = slack_message(message);
    body["channel"] = settings().text("channel");
    body["unfurl_links"] = false;
    Call call = ask("chat.postMessage", body, delivery, attempt);
    if (call.answer.outcome == Outcome::delivered)
      call.answer.handle = handle_of(call.place, severity_name(message.severity));
    return call.answer;
  }

  // The message as it stands now, and what is new in its thread: an update by itself is not
  // noticed.
  Answer update(const Message& message, const Handle& known, const Delivery& delivery,
                const Attempt& attempt) const {
    Json body = slack_message(message);
    body["channel"] = known.place.channel;
    body["ts"] = known.place.ts;
    Call call = ask("chat.update", body, delivery, attempt);
    if (is_one_of(kMessageGone, call.error)) return open(message, delivery, attempt);
    if (call.answer.outcome != Outcome::delivered) return call.answer;
    // The whole channel hears of what is worse, of what still goes on, and of the end.
    const bool loud = message.resolved || message.loud || delivery.repeat ||
                      severity_name(message.severity) != known.severity;
    Json reply{{"channel", known.place.channel},
               {"thread_ts", known.place.ts},
               {"text", slack_thread_text(message)},
               {"reply_broadcast", loud},
               {"unfurl_links", false}};
    call = ask("chat.postMessage", reply, delivery, attempt);
    if (call.answer.outcome == Outcome::delivered)
      call.answer.handle = handle_of(known.place, severity_name(message.severity));
    return call.answer;
  }

  [[nodiscard]] Call ask(const char* method, const Json& body, const Delivery& delivery,
                         const Attempt& attempt) const {
    Result<http::Request> request = post(settings().secret("api", kApi), delivery, attempt);
    if (!request) return {not_sent(request.error()), {}, {}};
    request->url += std::string("/") + method;
    const Result<std::string> token = settings().secret("token").value();
    if (!token) return {not_sent(token.error()), {}, {}};
    request->headers.emplace_back("Authorization", "Bearer " + *token);
    request->content_type = "application/json; charset=utf-8";
    request->linger = std::nullopt;
    request->max_response_bytes = kMaxAnswer;
    request->body = dump(body);
    return judge_call(method, *request, send(*request), attempt.now);
  }

  // The Web API says 200 to nearly everything; `ok` is what counts.
  static Call judge_call(const char* method, const http::Request& request,
                         const Result<http::Response>& response, WallTime now) {
    Call call;
    call.answer = judge(request, response, now);
    if (call.answer.outcome != Outcome::delivered) return call;
    const Json json = Json::parse(response->body, nullptr, false);
    const auto text = [&](const char* key) {
      return json.is_object() && json.contains(key) && json[key].is_string()
                 ? json[key].get<std::string>()
                 : std::string();
    };
    if (json.is_object() && json.value("ok", Json(false)) == true) {
      call.place = {text("channel"), text("ts")};
      return call;
    }
    call.error = text("error");
    const std::string why = fmt::format(
        "{}: {}", method,
        call.error.empty()
            ? "the answer is not Slack's"
            : utf8::clean(http::without_secrets(call.error, request), kMaxSaid, utf8::Lines::join));
    const int status = call.answer.status;
    if (is_one_of(kLater, call.error))
      call.answer = retry(why, status, parse_retry_after(response->header("Retry-After"), now));
    else
      call.answer = refused(why, status);
    return call;
  }
};

std::optional<SettingMistake> check_slack(const Settings& settings) {
  const bool webhook = settings.has("url");
  const bool bot = settings.has("token") || settings.has("channel");
  if (webhook && bot)
    return SettingMistake{"url", "'slack' has a 'url' and a bot",
                          "write either 'url', or 'token' and 'channel'"};
  if (!webhook && !(settings.has("token") && settings.has("channel")))
    return SettingMistake{"", "'slack' does not say where messages go",
                          "write 'url' of an incoming webhook, or 'token' and 'channel' of a bot"};
  return std::nullopt;
}

}  // namespace

const ReceiverKind& slack_kind() {
  static const ReceiverKind kKind{
      .name = "slack",
      .help = "Messages in a channel of Slack.",
      .to_people = true,
      .settings = {{.key = "url",
                    .type = SettingType::address,
                    .help = "Of an incoming webhook: each change is a message of its own."},
                   {.key = "token",
                    .type = SettingType::secret,
                    .help = "Of a bot with the right chat:write: an incident is one message, and a "
                            "thread."},
                   {.key = "channel",
                    .type = SettingType::text,
                    .help = "Where the bot writes: the channel's id, or #name."},
                   {.key = "api",
                    .type = SettingType::address,
                    .fallback = kApi,
                    .help = "Where Slack's Web API is."}},
      .check = check_slack,
      .make = make_receiver<Slack>};
  return kKind;
}

}  // namespace highwater::notify
