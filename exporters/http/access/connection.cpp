#include "exporters/http/access/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace highwater::http {

bool Connection::encrypt(const ServerTls& server) {
  tls_ = make_tls(server, socket_.get());
  return tls_ != nullptr;
}

Connection::Progress Connection::shake_hands() {
  ERR_clear_error();
  return judge(SSL_do_handshake(tls_.get()));
}

Connection::Progress Connection::read(char* into, size_t size, size_t& count) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return judge(SSL_read_ex(tls_.get(), into, size, &count));
  }
  const ssize_t got = ::recv(fd(), into, size, 0);
  waits_for_ = POLLIN;
  count = static_cast<size_t>(std::max<ssize_t>(got, 0));
  if (got > 0) return Progress::done;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? Progress::waiting : Progress::broken;
}

Connection::Progress Connection::write(std::string_view bytes, size_t& count) {
  count = 0;
  if (bytes.empty()) return Progress::done;
  if (tls_ != nullptr) {
    ERR_clear_error();
    return judge(SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count));
  }
  const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  count = static_cast<size_t>(std::max<ssize_t>(sent, 0));
  waits_for_ = sent >= 0 ? POLLIN : POLLOUT;
  if (sent >= 0) return Progress::done;
  return errno == EAGAIN || errno == EINTR ? Progress::waiting : Progress::broken;
}

Connection::Progress Connection::judge(int result) {
  waits_for_ = POLLIN;
  if (result == 1) return Progress::done;
  const int error = SSL_get_error(tls_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    if (error == SSL_ERROR_WANT_WRITE) waits_for_ = POLLOUT;
    return Progress::waiting;
  }
  ERR_clear_error();
  SSL_set_quiet_shutdown(tls_.get(), 1);  // after an error nothing may be sent
  return Progress::broken;
}

void Connection::end_writing() {
  if (tls_ != nullptr && SSL_is_init_finished(tls_.get()) == 1) {
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  ::shutdown(fd(), SHUT_WR);
  waits_for_ = POLLIN;
}

void Connection::close() {
  tls_.reset();
  socket_.close();
}

}  // namespace highwater::http
