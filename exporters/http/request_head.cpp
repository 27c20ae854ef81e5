#include "exporters/http/request_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "agent/core/plain_text.h"

namespace highwater::http {
namespace {

constexpr size_t kMaxLine = 8000;  // the library's own limit for one line is 8192
constexpr int kMaxFields = 100;

struct Field {
  std::string_view name;
  std::string_view value;
};

RequestHead refuse(int status, std::string_view why) {
  RequestHead head;
  head.refused = status;
  head.why = why;
  return head;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

// Fills `into` with "GET /metrics HTTP/1.1", of a proxy's absolute target its path and host; false
// when it is nonsense.
bool read_request_line(std::string_view line, RequestHead& into) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  if (!is_token(method) || !is_visible(target)) return false;
  if (const size_t host = target.starts_with("http://")    ? 7
                          : target.starts_with("https://") ? 8
                                                           : 0;
      host != 0) {
    const size_t path = target.find('/', host);
    into.host = target.substr(host, path == std::string_view::npos ? path : path - host);
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  if (!target.starts_with('/')) return false;
  into.path = target;
  into.text = fmt::format("{} {} {}\r\n", method, target, version);
  return true;
}

std::optional<Field> parse_field(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const Field field{line.substr(0, colon), trimmed(line.substr(colon + 1), " \t")};
  if (!is_token(field.name) || has_control(field.value)) return std::nullopt;
  return field;
}

std::optional<size_t> parse_length(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return SIZE_MAX;
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Fields that would make the library do what this server does not: compress, cut ranges, wait for
// the client, keep the connection. And the login, which handlers need not see.
bool is_dropped(std::string_view name) {
  return name == "range" || name == "if-range" || name == "accept-encoding" || name == "expect" ||
         name == "connection" || name == "keep-alive" || name == "content-length" ||
         name == "upgrade" || name == "authorization";
}

}  // namespace

RequestHead check_request_head(std::string_view head, size_t max_body_bytes) {
  head.remove_suffix(2);  // the empty line
  RequestHead result;
  std::optional<size_t> length;
  std::optional<std::string> host;
  int fields = -1;  // the first line is the request's
  while (!head.empty()) {
    const size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (++fields == 0) {
      if (line.size() > kMaxLine) return refuse(414, "the address is too long");
      if (!read_request_line(line, result)) return refuse(400, "the request line is not HTTP/1.1");
      continue;
    }
    if (line.size() > kMaxLine) return refuse(431, "a header is too long");
    if (fields > kMaxFields) return refuse(431, "there are too many headers");
    const auto field = parse_field(line);
    if (!field) return refuse(400, "a header is malformed");
    const std::string name = lower_case(field->name);
    if (name == "transfer-encoding") return refuse(411, "send the body with a Content-Length");
    if (name == "content-encoding" && lower_case(field->value) != "identity")
      return refuse(415, "send the body without compression");
    if (name == "content-length") {
      const auto value = parse_length(field->value);
      if (!value || (length && *length != *value))
        return refuse(400, "the Content-Length is malformed");
      length = value;
    }
    if (name == "host") {
      if (host) return refuse(400, "there is more than one Host");
      host = field->value;
    }
    if (name == "authorization") {
      if (!result.authorization.empty()) return refuse(400, "there is more than one Authorization");
      result.authorization = field->value;
    }
    if (name == "expect") result.expects_continue = lower_case(field->value) == "100-continue";
    if (!is_dropped(name)) result.text += fmt::format("{}: {}\r\n", field->name, field->value);
  }
  result.text += "\r\n";
  if (result.host.empty()) result.host = host.value_or("");
  result.body_bytes = length.value_or(0);
  if (result.body_bytes > max_body_bytes) return refuse(413, "the body is too large");
  return result;
}

std::string plain_reply(int status, std::string_view text) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n{}\n",
      status, status_text(status), text.size() + 1, text);
}

std::string_view status_text(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

}  // namespace highwater::http
