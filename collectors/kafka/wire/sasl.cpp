#include "collectors/kafka/wire/sasl.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

template <class Codec>
void SaslHandshakeRequest::fields(Codec& codec) {
  codec(mechanism);
}

template <class Codec>
void SaslHandshakeResponse::fields(Codec& codec) {
  codec(error_code, mechanisms);
}

template <class Codec>
void SaslAuthenticateRequest::fields(Codec& codec) {
  codec(auth_bytes);
}

template <class Codec>
void SaslAuthenticateResponse::fields(Codec& codec) {
  codec(error_code, error_message, auth_bytes, session_lifetime_ms);
}

template void SaslHandshakeRequest::fields(Reader&);
template void SaslHandshakeRequest::fields(Writer&);
template void SaslHandshakeResponse::fields(Reader&);
template void SaslHandshakeResponse::fields(Writer&);
template void SaslAuthenticateRequest::fields(Reader&);
template void SaslAuthenticateRequest::fields(Writer&);
template void SaslAuthenticateResponse::fields(Reader&);
template void SaslAuthenticateResponse::fields(Writer&);

}  // namespace highwater::kafka
