#include "exporters/notify/receivers/email.h"

#include <fmt/format.h>

#include "exporters/html/html.h"
#include "exporters/mail/client.h"
#include "exporters/mail/message.h"
#include "exporters/notify/message.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {
namespace {

constexpr Limit kSubject{200, Unit::bytes};
constexpr Limit kText{size_t{64} * 1024, Unit::bytes};
constexpr size_t kMaxErrorBytes = 300;
constexpr int64_t kSubmission = 587;
constexpr int64_t kSubmissions = 465;
constexpr int64_t kSmtp = 25;

const char* color_of(const Message& message) {
  if (message.resolved) return "#2e7d32";
  return message.severity == Severity::page ? "#c62828" : "#ef6c00";
}

std::string html_of(const Message& message) {
  std::string html = fmt::format(
      "<!doctype html><html><body style=\"font-family:sans-serif\">"
      "<h2 style=\"color:{}\">{}</h2><p style=\"white-space:pre-line\">{}</p><table>",
      color_of(message), html_escape(message.headline()), html_escape(cut(message.text, kText)));
  for (const Fact& fact : message.facts)
    html += fmt::format("<tr><th align=\"left\" valign=\"top\">{}</th><td>{}</td></tr>",
                        html_escape(fact.name), html_escape(fact.text));
  html += "</table>";
  if (!message.evidence.empty()) {
    html += "<p>" + html_escape(message.evidence_title) + "</p><ul>";
    for (const std::string& item : message.evidence) html += "<li>" + html_escape(item) + "</li>";
    html += "</ul>";
  }
  return html + fmt::format(
                    "<p><a href=\"{}\">Runbook</a> · <a href=\"{}\">Incident</a>{}</p>"
                    "<p>Correlation id: <code>{}</code></p></body></html>",
                    html_escape(message.runbook), html_escape(message.page),
                    message.acknowledge.empty() ? ""
                                                : fmt::format(" · <a href=\"{}\">Acknowledge</a>",
                                                              html_escape(message.acknowledge)),
                    message.correlation);
}

class Email : public Receiver {
 public:
  Email(Settings settings, ReceiverContext context)
      : settings_(std::move(settings)), context_(std::move(context)) {}

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    const Result<mail::Server> server = server_of();
    if (!server) return retry(server.error().message);
    const mail::Draft draft = draft_of(delivery, attempt);
    const mail::Result sent = client_.send(*server, {draft.from, draft.to}, mail::compose(draft),
                                           attempt.limit, attempt.stop);
    Answer answer = judge(sent);
    // What comes later about the incident has the same subject: some clients go by that.
    if (sent.accepted && delivery.handle.empty()) answer.handle = draft.subject;
    return answer;
  }

 private:
  static Answer judge(const mail::Result& sent) {
    if (sent.accepted) return delivered(sent.status);
    std::string why = utf8::clean(sent.error, kMaxErrorBytes, utf8::Lines::join);
    // 5yz is for good, 4yz for now; and what never came to an answer is tried again.
    return sent.status >= 500 ? refused(std::move(why), sent.status)
                              : retry(std::move(why), sent.status);
  }

  [[nodiscard]] Result<mail::Server> server_of() const {
    mail::Server server;
    server.host = settings_.text("host");
    const std::string security = settings_.text("security", "starttls");
    int64_t port = kSubmission;
    if (security == "tls") {
      server.security = mail::Security::tls;
      port = kSubmissions;
    } else if (security == "none") {
      server.security = mail::Security::none;
      port = kSmtp;
    }
    server.port = static_cast<uint16_t>(settings_.number("port", port));
    server.user = settings_.text("user");
    server.tls = settings_.tls;
    if (!settings_.has("password")) return server;
    Result<std::string> password = settings_.secret("password").value();
    if (!password) return tl::unexpected(password.error());
    server.password = std::move(*password);
    return server;
  }

  [[nodiscard]] mail::Draft draft_of(const Delivery& delivery, const Attempt& attempt) const {
    const Message message =
        message_of(delivery, context_.sender.external_url, context_.sender.form);
    mail::Draft draft;
    draft.from = settings_.text("from");
    draft.from_name = "Highwater";
    draft.to = settings_.texts("to");
    draft.subject =
        delivery.handle.empty() ? cut(message.headline(), kSubject) : "Re: " + delivery.handle;
    draft.text = message.headline() + "\n\n" + plain_text(message, kText) + "\n";
    draft.html = html_of(message);
    draft.date = attempt.now;
    draft.urgent = !message.resolved && message.severity == Severity::page;
    // The first mail has the id of the thread, the others answer it.
    const std::string domain = draft.from.substr(draft.from.find('@') + 1);
    const std::string thread =
        fmt::format("{}.{}@{}", message.correlation, id_part(context_.sender.receiver), domain);
    draft.id = delivery.first ? thread : fmt::format("{}.{}", delivery.id, thread);
    if (!delivery.first) draft.answers = thread;
    return draft;
  }

  // The name of the receiver as it may stand in an id.
  static std::string id_part(std::string_view name) {
    std::string safe;
    for (const char c : name) {
      const bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      safe += fine ? c : '-';
    }
    return safe.substr(0, 64);
  }

  const Settings settings_;
  const ReceiverContext context_;
  const mail::Client client_;
};

std::optional<SettingMistake> check_email(const Settings& settings) {
  std::vector<std::string> addresses = settings.texts("to");
  addresses.push_back(settings.text("from"));
  for (const std::string& address : addresses) {
    if (!mail::is_address(address))
      return SettingMistake{address == addresses.back() ? "from" : "to",
                            fmt::format("'{}' is not a mail address", address),
                            "write it like oncall@example.org, without a name"};
  }
  if (settings.text("host").find_first_of("/@ ") != std::string::npos)
    return SettingMistake{"host", "'host' is not the name of a host",
                          "write it like smtp.example.org; 'port' is a key of its own"};
  if (settings.has("user") != settings.has("password"))
    return SettingMistake{"", "'email' has one of 'user' and 'password'",
                          "a login needs both of them"};
  if (settings.has("user") && settings.text("security") == "none")
    return SettingMistake{"security", "the password would be sent in the clear",
                          "use 'starttls' or 'tls', or leave out 'user' and 'password'"};
  return std::nullopt;
}

std::unique_ptr<Receiver> make_email(const Settings& settings, const ReceiverContext& context) {
  return std::make_unique<Email>(settings, context);
}

}  // namespace

const ReceiverKind& email_kind() {
  static const ReceiverKind kKind{
      .name = "email",
      .help = "Mails by SMTP; an incident is one thread.",
      .to_people = true,
      .settings = {{.key = "host",
                    .type = SettingType::text,
                    .required = true,
                    .help = "The server that takes them."},
                   {.key = "port",
                    .type = SettingType::number,
                    .fallback = "587, 465, 25",
                    .help = "By default what fits 'security'.",
                    .lowest = 1,
                    .highest = 65535},
                   {.key = "security",
                    .type = SettingType::choice,
                    .fallback = "starttls",
                    .help = "How the connection is encrypted.",
                    .choices = {"starttls", "tls", "none"}},
                   {.key = "user", .type = SettingType::text, .help = "As whom to log in."},
                   {.key = "password", .type = SettingType::secret, .help = "Of the login."},
                   {.key = "from",
                    .type = SettingType::text,
                    .required = true,
                    .help = "The sender's address."},
                   {.key = "to",
                    .type = SettingType::texts,
                    .required = true,
                    .help = "Whom they go to: one address or several."}},
      .check = check_email,
      .make = make_email};
  return kKind;
}

}  // namespace highwater::notify
