#include "exporters/notify/receivers/command.h"

#include <fmt/format.h>

#include "exporters/notify/receivers/alertmanager_json.h"
#include "exporters/notify/receivers/child_process.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {
namespace {

constexpr size_t kMaxSaidBytes = 200;
// Exit codes as sysexits.h names them: from EX_USAGE to EX_CONFIG, and "try again".
constexpr int kFirstMistake = 64;
constexpr int kLastMistake = 78;
constexpr int kTemporary = 75;

class Command : public Receiver {
 public:
  Command(Settings settings, ReceiverContext context)
      : settings_(std::move(settings)), context_(std::move(context)) {}

  Answer deliver(const Delivery& delivery, const Attempt& attempt) override {
    ChildProcess::Task task;
    task.program = settings_.text("path");
    task.arguments = settings_.texts("arguments");
    task.environment = {"HIGHWATER_DELIVERY_ID=" + delivery.id,
                        "TRACEPARENT=" + traceparent(delivery.incident().correlation, attempt.span)};
    task.input = webhook_json(std::span(&delivery.notice, 1), context_.sender) + "\n";
    return judge(ChildProcess::run(task, attempt.limit, attempt.stop));
  }

 private:
  [[nodiscard]] Answer judge(const ChildProcess::Ended& ended) const {
    const std::string name = settings_.text("path");
    std::string said = utf8::clean(ended.output, kMaxSaidBytes, utf8::Lines::join);
    while (said.ends_with(' ')) said.pop_back();
    const auto because = [&](const std::string& why) {
      return fmt::format("{}: {}{}{}", name, why, said.empty() ? "" : ": ", said);
    };
    switch (ended.how) {
      case ChildProcess::How::not_started:
        return retry(because(ended.why));
      case ChildProcess::How::too_slow:
        return retry(because("it was ended, for it did not end within its time"));
      case ChildProcess::How::stopped:
        return retry(because("stopped"));
      case ChildProcess::How::signalled:
        return retry(because(fmt::format("ended by signal {}", ended.code)));
      case ChildProcess::How::exited:
        break;
    }
    if (ended.code == 0) return delivered();
    const std::string why = because(fmt::format("exit code {}", ended.code));
    const bool for_good = ended.code >= kFirstMistake && ended.code <= kLastMistake &&
                          ended.code != kTemporary;
    return for_good ? refused(why, ended.code) : retry(why, ended.code);
  }

  const Settings settings_;
  const ReceiverContext context_;
};

std::unique_ptr<Receiver> make_command(const Settings& settings, const ReceiverContext& context) {
  return std::make_unique<Command>(settings, context);
}

}  // namespace

const ReceiverKind& command_kind() {
  static const ReceiverKind kKind{
      .name = "command",
      .help = "A program that is started for each notification, without a shell.",
      .settings = {{.key = "path",
                    .type = SettingType::path,
                    .required = true,
                    .help = "The program; a relative path begins at the configuration's folder."},
                   {.key = "arguments",
                    .type = SettingType::texts,
                    .help = "What it is started with, as it is: no shell reads it."}},
      .tls = false,
      .make = make_command};
  return kKind;
}

}  // namespace highwater::notify
