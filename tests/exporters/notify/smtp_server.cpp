#include "tests/exporters/notify/smtp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "agent/core/digest.h"

namespace highwater::testing_support {
namespace {

// Lines of a connection, without their CR LF.
class Lines {
 public:
  explicit Lines(int connection) : connection_(connection) {}
  bool next(std::string& line) {
    while (true) {
      const size_t end = text_.find("\r\n");
      if (end != std::string::npos) {
        line = text_.substr(0, end);
        text_.erase(0, end + 2);
        return true;
      }
      char buffer[4096];
      const ssize_t n = ::recv(connection_, buffer, sizeof buffer, 0);
      if (n <= 0) return false;
      text_.append(buffer, static_cast<size_t>(n));
    }
  }

 private:
  int connection_;
  std::string text_;
};

std::string bracketed(const std::string& line) {
  const size_t first = line.find('<') + 1;
  return line.substr(first, line.find('>') - first);
}

}  // namespace

SmtpServer::SmtpServer(std::map<std::string, std::string> answers) : answers_(std::move(answers)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 8) != 0)
    throw std::runtime_error("the test's server cannot listen");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

SmtpServer::~SmtpServer() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept
  {
    const std::lock_guard lock(mutex_);
    if (open_ >= 0) ::shutdown(open_, SHUT_RDWR);
  }
  thread_.join();
  ::close(listener_);
}

std::vector<ReceivedMail> SmtpServer::mails() const {
  const std::lock_guard lock(mutex_);
  return mails_;
}

std::vector<std::string> SmtpServer::commands() const {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, std::chrono::seconds(20), [this] { return open_ < 0; });
  return commands_;
}

void SmtpServer::serve() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    {
      const std::lock_guard lock(mutex_);
      open_ = connection;
    }
    talk(connection);
    const std::lock_guard lock(mutex_);
    open_ = -1;
    ::close(connection);
    ended_.notify_all();
  }
}

void SmtpServer::talk(int connection) {
  const auto say = [&](const std::string& word, const std::string& usual) {
    const auto found = answers_.find(word);
    const std::string answer = found != answers_.end() ? found->second : usual;
    if (!answer.empty())
      ::send(connection, (answer + "\r\n").data(), answer.size() + 2, MSG_NOSIGNAL);
    return answer.starts_with(usual.substr(0, 3));
  };
  Lines lines(connection);
  ReceivedMail mail;
  say("", "220 mail.test ESMTP");
  for (std::string line; lines.next(line);) {
    const std::string word = line.substr(0, line.find_first_of(" :"));
    {
      const std::lock_guard lock(mutex_);
      commands_.push_back(word);
    }
    if (word == "EHLO") {
      say(word, "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN");
    } else if (word == "AUTH") {
      std::string login = line.substr(line.rfind(' ') + 1);
      if (login == "PLAIN") {
        ::send(connection, "334 \r\n", 6, MSG_NOSIGNAL);
        if (!lines.next(login)) return;
      }
      mail.login = base64_decoded(login).value_or("");
      say(word, "235 2.7.0 Authentication successful");
    } else if (word == "MAIL") {
      mail.from = bracketed(line);
      say(word, "250 2.1.0 Ok");
    } else if (word == "RCPT") {
      if (say(word, "250 2.1.5 Ok")) mail.to.push_back(bracketed(line));
    } else if (word == "DATA") {
      if (!say(word, "354 End data with <CR><LF>.<CR><LF>")) continue;
      for (std::string text; lines.next(text) && text != ".";)
        mail.data += (text.starts_with("..") ? text.substr(1) : text) + "\r\n";
      if (!say(".", "250 2.0.0 Ok: queued")) continue;
      const std::lock_guard lock(mutex_);
      mails_.push_back(mail);
    } else if (word == "QUIT") {
      say(word, "221 2.0.0 Bye");
      return;
    } else {
      say(word, "250 Ok");
    }
  }
}

}  // namespace highwater::testing_support
