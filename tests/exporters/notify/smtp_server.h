// A tiny SMTP server on loopback, in the clear: it records each mail, and answers a command as the
// test says. One connection after the other.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace highwater::testing_support {

struct ReceivedMail {
  std::string from;             // as in MAIL FROM
  std::vector<std::string> to;  // as in RCPT TO
  std::string login;            // of AUTH PLAIN, decoded: "\0user\0password"; empty without
  std::string data;             // with its dots undone
};

class SmtpServer {
 public:
  // Answers in place of the usual ones, by the command's first word; "." is the end of the data,
  // and
  // "" of an answer means that none comes.
  explicit SmtpServer(std::map<std::string, std::string> answers = {});
  ~SmtpServer();
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::vector<ReceivedMail> mails() const;
  // The first word of each command, once the connection has ended.
  [[nodiscard]] std::vector<std::string> commands() const;

 private:
  void serve();
  void talk(int connection);

  const std::map<std::string, std::string> answers_;
  int listener_ = -1;
  int port_ = 0;
  int open_ = -1;  // the connection; under mutex_
  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  std::vector<ReceivedMail> mails_;
  std::vector<std::string> commands_;
  std::thread thread_;
};

}  // namespace highwater::testing_support
