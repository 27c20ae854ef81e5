#include "exporters/mail/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/core/digest.h"
#include "agent/core/utf8.h"

namespace highwater::mail {
namespace {

constexpr size_t kBase64Line = 76;
// An encoded word has at most 75 characters: "=?UTF-8?B?", "?=" and 60 of base64.
constexpr size_t kWordBytes = 45;

std::string base64_lines(std::string_view text) {
  const std::string encoded = base64(text);
  std::string lines;
  for (size_t at = 0; at < encoded.size(); at += kBase64Line)
    lines += encoded.substr(at, kBase64Line) + "\r\n";
  return lines;
}

std::string part(std::string_view type, std::string_view text, const std::string& boundary) {
  return fmt::format(
      "--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
      boundary, type, base64_lines(text));
}

std::string joined(const std::vector<std::string>& addresses) {
  std::string all;
  for (const std::string& address : addresses) all += (all.empty() ? "" : ",\r\n ") + address;
  return all;
}

}  // namespace

std::string mail_date(WallTime time) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000",
                     kDays.at(std::chrono::weekday(day).c_encoding()), unsigned(date.day()),
                     kMonths.at(unsigned(date.month()) - 1), int(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string header_text(std::string_view text) {
  const bool plain = text.size() < 900 &&
                     std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }) &&
                     text.find("=?") == std::string_view::npos;
  if (plain) return std::string(text);
  std::string words;
  while (!text.empty()) {
    const std::string_view piece = utf8::first_bytes(text, kWordBytes);
    words += fmt::format("{}=?UTF-8?B?{}?=", words.empty() ? "" : "\r\n ", base64(piece));
    text.remove_prefix(piece.size());
  }
  return words;
}

std::string compose(const Draft& draft) {
  // It cannot stand in base64.
  const std::string boundary = "=_highwater_" + sha256_hex(draft.id).substr(0, 24);
  std::string mail;
  const auto header = [&](std::string_view name, std::string_view text) {
    mail += fmt::format("{}: {}\r\n", name, text);
  };
  header("Date", mail_date(draft.date));
  header("From", draft.from_name.empty()
                     ? draft.from
                     : fmt::format("{} <{}>", header_text(draft.from_name), draft.from));
  header("To", joined(draft.to));
  header("Subject", header_text(draft.subject));
  header("Message-ID", "<" + draft.id + ">");
  if (!draft.answers.empty()) {
    header("In-Reply-To", "<" + draft.answers + ">");
    header("References", "<" + draft.answers + ">");
  }
  header("Auto-Submitted", "auto-generated");
  if (draft.urgent) header("Importance", "high");
  header("MIME-Version", "1.0");
  header("Content-Type", fmt::format("multipart/alternative; boundary=\"{}\"", boundary));
  mail += "\r\n" + part("text/plain", draft.text, boundary) +
          part("text/html", draft.html, boundary) + "--" + boundary + "--\r\n";
  return mail;
}

bool is_address(std::string_view text) {
  const size_t at = text.find('@');
  const bool one = at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
                   text.find('@', at + 1) == std::string_view::npos && text.size() <= 254;
  return one && std::ranges::all_of(text, [](char c) {
           return c > ' ' && c <= '~' &&
                  std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
         });
}

}  // namespace highwater::mail
