#include "collectors/kafka/login/gssapi.h"

#include <fmt/format.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

#include <array>
#include <utility>
#include <vector>

#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

// What RFC 4752 calls the security layers: one octet of choices, and how much may be wrapped at
// once.
constexpr size_t kOfferSize = 4;
constexpr unsigned char kNoLayer = 1;

gss_OID kerberos() {
  return gss_mech_krb5;
}

// Buffers, names, credentials and contexts, each freed as its library wants.
class Buffer {
 public:
  Buffer() = default;
  ~Buffer() {
    OM_uint32 ignored = 0;
    gss_release_buffer(&ignored, &buffer_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  gss_buffer_t get() { return &buffer_; }
  [[nodiscard]] std::string_view text() const {
    return {static_cast<const char*>(buffer_.value), buffer_.length};
  }

 private:
  gss_buffer_desc buffer_ = GSS_C_EMPTY_BUFFER;
};

struct FreeName {
  using pointer = gss_name_t;
  void operator()(gss_name_t name) const {
    OM_uint32 ignored = 0;
    gss_release_name(&ignored, &name);
  }
};
using Name = std::unique_ptr<gss_name_t, FreeName>;

struct FreeCredentials {
  using pointer = gss_cred_id_t;
  void operator()(gss_cred_id_t credentials) const {
    OM_uint32 ignored = 0;
    gss_release_cred(&ignored, &credentials);
  }
};
using Credentials = std::unique_ptr<gss_cred_id_t, FreeCredentials>;

gss_buffer_desc buffer_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}

void add_messages(std::string& text, OM_uint32 status, int type) {
  OM_uint32 more = 0;
  do {
    OM_uint32 ignored = 0;
    Buffer message;
    if (gss_display_status(&ignored, status, type, kerberos(), &more, message.get()) !=
        GSS_S_COMPLETE)
      return;
    const std::string one = printable_excerpt(message.text(), 200);
    if (text.find(one) == std::string::npos) text += (text.empty() ? "" : ": ") + one;
  } while (more != 0);
}

// The library's reason, "Cannot contact any KDC for realm 'EXAMPLE.COM'", rather than GSSAPI's
// class of it, where there is one.
std::string reason(OM_uint32 major, OM_uint32 minor) {
  std::string text;
  if (minor != 0) add_messages(text, minor, GSS_C_MECH_CODE);
  if (text.empty()) add_messages(text, major, GSS_C_GSS_CODE);
  return text;
}

Result<Name> import(const std::string& text, gss_OID type) {
  gss_buffer_desc buffer = buffer_of(text);
  gss_name_t name = GSS_C_NO_NAME;
  OM_uint32 minor = 0;
  const OM_uint32 major = gss_import_name(&minor, &buffer, type, &name);
  if (GSS_ERROR(major))
    return fail(fmt::format("'{}' is no principal: {}", printable_excerpt(text, 200),
                            reason(major, minor)));
  return Name(name);
}

// By the configuration of Kerberos alone ([domain_realm]); "" leaves it to the KDC.
std::string realm_of(const std::string& host) {
  krb5_context context = nullptr;
  if (krb5_init_context(&context) != 0) return "";
  char** realms = nullptr;
  std::string realm;
  if (krb5_get_host_realm(context, host.c_str(), &realms) == 0 && realms != nullptr) {
    if (realms[0] != nullptr) realm = realms[0];
    krb5_free_host_realm(context, realms);
  }
  krb5_free_context(context);
  return realm;
}

class Gssapi final : public SaslExchange {
 public:
  Gssapi(KerberosSettings settings, std::string host, std::string cache)
      : settings_(std::move(settings)), host_(std::move(host)), cache_(std::move(cache)) {}
  ~Gssapi() override {
    OM_uint32 ignored = 0;
    if (context_ != GSS_C_NO_CONTEXT) gss_delete_sec_context(&ignored, &context_, GSS_C_NO_BUFFER);
  }
  Gssapi(const Gssapi&) = delete;
  Gssapi& operator=(const Gssapi&) = delete;

  Result<std::string> first() override {
    const std::string principal =
        fmt::format("{}/{}@{}", settings_.service, host_, realm_of(host_));
    auto target = import(principal, const_cast<gss_OID>(GSS_KRB5_NT_PRINCIPAL_NAME));
    if (!target) return fail(target.error().message);
    target_ = std::move(*target);
    auto credentials = acquire();
    if (!credentials) return fail(credentials.error().message);
    credentials_ = std::move(*credentials);
    return advance("");
  }

  Result<std::optional<std::string>> next(std::string_view answer) override {
    switch (state_) {
      case State::opening: {
        auto token = advance(answer);
        if (!token) return fail(token.error().message);
        return std::optional(std::move(*token));
      }
      case State::open: {
        auto choice = choose_layer(answer);
        if (!choice) return fail(choice.error().message);
        state_ = State::chosen;
        return std::optional(std::move(*choice));
      }
      case State::chosen:
        break;
    }
    return std::nullopt;
  }

 private:
  enum class State : uint8_t {
    opening,  // tokens go back and forth
    open,     // both sides have proven who they are; the broker offers layers of security next
    chosen,
  };

  Result<Credentials> acquire() const {
    Name who;
    if (!settings_.principal.empty()) {
      auto name = import(settings_.principal, const_cast<gss_OID>(GSS_KRB5_NT_PRINCIPAL_NAME));
      if (!name) return fail(name.error().message);
      who = std::move(*name);
    }
    std::vector<gss_key_value_element_desc> places;
    const std::string& cache = settings_.keytab.empty() ? settings_.cache : cache_;
    if (!settings_.keytab.empty()) places.push_back({"client_keytab", settings_.keytab.c_str()});
    if (!cache.empty()) places.push_back({"ccache", cache.c_str()});
    gss_key_value_set_desc store{static_cast<OM_uint32>(places.size()), places.data()};
    gss_OID_set_desc mechanisms{1, kerberos()};
    gss_cred_id_t credentials = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor = 0;
    const OM_uint32 major = gss_acquire_cred_from(
        &minor, who ? who.get() : GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
        places.empty() ? nullptr : &store, &credentials, nullptr, nullptr);
    if (GSS_ERROR(major)) return fail("no ticket: " + reason(major, minor));
    return Credentials(credentials);
  }

  Result<std::string> advance(std::string_view answer) {
    gss_buffer_desc input = buffer_of(answer);
    Buffer output;
    OM_uint32 minor = 0;
    // The broker proves who it is, too.
    const OM_uint32 major = gss_init_sec_context(
        &minor, credentials_.get(), &context_, target_.get(), kerberos(),
        GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS,
        answer.empty() ? GSS_C_NO_BUFFER : &input, nullptr, output.get(), nullptr, nullptr);
    if (GSS_ERROR(major)) return fail(reason(major, minor));
    if ((major & GSS_S_CONTINUE_NEEDED) == 0) state_ = State::open;
    return std::string(output.text());
  }

  // TLS is what protects the connection, or nothing: no layer of Kerberos.
  Result<std::string> choose_layer(std::string_view answer) {
    gss_buffer_desc wrapped = buffer_of(answer);
    Buffer offer;
    OM_uint32 minor = 0;
    OM_uint32 major = gss_unwrap(&minor, context_, &wrapped, offer.get(), nullptr, nullptr);
    if (GSS_ERROR(major))
      return fail("its offer of a security layer is not authentic: " + reason(major, minor));
    if (offer.text().size() != kOfferSize)
      return fail("its offer of a security layer has not the length that RFC 4752 says");
    if ((static_cast<unsigned char>(offer.text().front()) & kNoLayer) == 0)
      return fail(
          "it insists on a security layer of Kerberos, which Kafka's protocol has no place for");
    const std::array<char, kOfferSize> choice{static_cast<char>(kNoLayer), 0, 0, 0};
    gss_buffer_desc plain = buffer_of({choice.data(), choice.size()});
    Buffer sealed;
    major = gss_wrap(&minor, context_, 0, GSS_C_QOP_DEFAULT, &plain, nullptr, sealed.get());
    if (GSS_ERROR(major)) return fail(reason(major, minor));
    return std::string(sealed.text());
  }

  const KerberosSettings settings_;
  const std::string host_;
  const std::string cache_;
  Name target_;
  Credentials credentials_;
  gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
  State state_ = State::opening;
};

}  // namespace

std::unique_ptr<SaslExchange> make_gssapi(KerberosSettings settings, std::string host,
                                          std::string cache) {
  return std::make_unique<Gssapi>(std::move(settings), std::move(host), std::move(cache));
}

void forget_tickets(const std::string& cache) {
  krb5_context context = nullptr;
  if (krb5_init_context(&context) != 0) return;
  krb5_ccache tickets = nullptr;
  if (krb5_cc_resolve(context, cache.c_str(), &tickets) == 0) krb5_cc_destroy(context, tickets);
  krb5_free_context(context);
}

}  // namespace highwater::kafka
