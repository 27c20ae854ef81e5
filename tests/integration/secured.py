#!/usr/bin/env python3
"""Tests of TLS and logins on two real Kafka brokers with a listener for each kind of security.

    tests/integration/secured.py FOLDER [NAME...]    all tests, or those whose name contains one of NAME

FOLDER holds the programs, e.g. build/dev/bin. Certificates are made by openssl, tokens by a server in this process.
"""

import base64
import contextlib
import http.server
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import PORT_BASE, WORK, Agent, Cluster, Receiver, wait_until  # noqa: E402

FOLDER = WORK / "secured"
USERS = {"alice": "al1ce-s3cret", "bob": "pässwörd-ﬁ"}  # as Kafka's own tools set them: bytes of UTF-8
SESSION_SECONDS = 6

# Listeners by name: protocol, place behind the base, certificate, and whether a client's certificate is wanted.
LISTENERS = {
    "TLS": ("SSL", 20, "broker", False),
    "MTLS": ("SSL", 30, "broker", True),
    "SASLS": ("SASL_SSL", 40, "broker", False),
    "SASLP": ("SASL_PLAINTEXT", 50, None, False),
    "ONLYPLAIN": ("SASL_PLAINTEXT", 60, None, False),
    "EXPIRED": ("SSL", 70, "expired", False),
    "FUTURE": ("SSL", 80, "future", False),
    "OTHER": ("SSL", 90, "other-name", False),
    "KRB": ("SASL_PLAINTEXT", 110, None, False),
}
REALM = "HIGHWATER.TEST"


def openssl(*arguments, **options):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **options)


class Certificates:
    """Authorities and what they signed, as PEM files in one folder."""

    def __init__(self):
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in ("ca", "other-ca"):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 30, "-subj", f"/CN=Highwater {name}", "-keyout",
                    FOLDER / f"{name}.key", "-out", FOLDER / f"{name}.pem")
        self.make("broker", "IP:127.0.0.1,DNS:localhost")
        self.make("other-name", "DNS:kafka-9.example")
        self.make("expired", "IP:127.0.0.1", begin="20200101000000Z", end="20210101000000Z")
        self.make("future", "IP:127.0.0.1", begin="20480101000000Z", end="20490101000000Z")
        self.make("client", "DNS:client")
        self.make("foreign-client", "DNS:client", authority="other-ca")
        openssl("pkcs12", "-export", "-in", FOLDER / "client.pem", "-inkey", FOLDER / "client.key", "-passout", "pass:store-s3cret",
                "-out", FOLDER / "client.p12")
        openssl("rsa", "-aes128", "-in", FOLDER / "client.key", "-passout", "pass:key-s3cret", "-out", FOLDER / "client-locked.key")

    def make(self, name, names, authority="ca", begin=None, end=None):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", FOLDER / f"{name}.key", "-out", FOLDER / f"{name}.csr")
        (FOLDER / "index.txt").write_text("")
        (FOLDER / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={FOLDER}/index.txt\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nnew_certs_dir={FOLDER}\n"
            f"[any]\ncommonName=supplied\n[ext]\nsubjectAltName={names}\n")
        dates = ["-startdate", begin, "-enddate", end] if begin else ["-days", 20]
        openssl("ca", "-batch", "-notext", "-config", FOLDER / "ca.cnf", "-extensions", "ext", "-cert", FOLDER / f"{authority}.pem", "-keyfile",
                FOLDER / f"{authority}.key", "-in", FOLDER / f"{name}.csr", "-out", FOLDER / f"{name}.pem", *dates)
        key = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", FOLDER / f"{name}.key"], check=True, capture_output=True, text=True)
        (FOLDER / f"{name}.store.pem").write_text(key.stdout + (FOLDER / f"{name}.pem").read_text() + (FOLDER / f"{authority}.pem").read_text())


class Kdc:
    """MIT's KDC with principals for the brokers and for the agent, and their keytabs."""

    def __init__(self, port):
        self.folder = FOLDER / "kdc"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.config = self.configuration("krb5.conf", port)
        profile = self.folder / "kdc.conf"
        profile.write_text(f"[kdcdefaults]\nkdc_listen=127.0.0.1:{port}\nkdc_tcp_listen=127.0.0.1:{port}\n[realms]\n{REALM}={{\n"
                           f"database_name={self.folder}/principal\nkey_stash_file={self.folder}/stash\n}}\n")
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        self.environment = dict(os.environ, KRB5_CONFIG=str(self.config), KRB5_KDC_PROFILE=str(profile), PATH=path)
        self.run("kdb5_util", "create", "-s", "-P", "m4ster", "-r", REALM)
        for principal, keytab in (("kafka/127.0.0.1", "kafka"), ("highwater", "agent"), ("nobody", "nobody")):
            self.run("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {principal}")
            self.run("kadmin.local", "-r", REALM, "-q", f"ktadd -k {self.folder}/{keytab}.keytab {principal}")
        self.run("kadmin.local", "-r", REALM, "-q", "cpw -randkey nobody")  # its keytab is old now
        self.process = subprocess.Popen([shutil.which("krb5kdc", path=path), "-n"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def configuration(self, name, port):
        path = self.folder / name
        path.write_text(f"[libdefaults]\ndefault_realm={REALM}\ndns_lookup_kdc=false\n"
                        f"[realms]\n{REALM}={{\nkdc=127.0.0.1:{port}\n}}\n[domain_realm]\n127.0.0.1={REALM}\n")
        return path

    def run(self, *command):
        program = shutil.which(command[0], path=self.environment["PATH"])
        done = subprocess.run([program, *command[1:]], env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    def close(self):
        self.process.terminate()
        self.process.wait()


class SecuredCluster(Cluster):
    def __init__(self, kdc_port):
        self.base = PORT_BASE + 2000
        self.kdc = Kdc(kdc_port)
        super().__init__(brokers=2, port_base=self.base, extra_config=self.properties)
        self.environment["KAFKA_JVM"] = f"-Djava.security.krb5.conf={self.kdc.config}"

    def stop(self):
        super().stop()
        self.kdc.close()

    def port(self, listener, broker):
        return self.base + LISTENERS[listener][1] + broker

    def properties(self, broker):
        base = self.base + broker
        addresses = [f"PLAINTEXT://127.0.0.1:{base}"] + [f"{name}://127.0.0.1:{self.port(name, broker)}" for name in LISTENERS]
        protocols = ["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT"] + [f"{name}:{kind[0]}" for name, kind in LISTENERS.items()]
        lines = [f"listeners={','.join(addresses)},CONTROLLER://127.0.0.1:{base + 100}", f"advertised.listeners={','.join(addresses)}",
                 f"listener.security.protocol.map={','.join(protocols)}", "ssl.keystore.type=PEM", "ssl.truststore.type=PEM",
                 "connection.failed.authentication.delay.ms=100",
                 "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:ANONYMOUS",
                 "allow.everyone.if.no.acl.found=true"]
        for name, (protocol, _, certificate, wanted) in LISTENERS.items():
            prefix = f"listener.name.{name.lower()}."
            if certificate:
                lines += [f"{prefix}ssl.keystore.type=PEM", f"{prefix}ssl.keystore.location={FOLDER}/{certificate}.store.pem"]
            if wanted:
                lines += [f"{prefix}ssl.client.auth=required", f"{prefix}ssl.truststore.type=PEM", f"{prefix}ssl.truststore.location={FOLDER}/ca.pem"]
            if protocol.startswith("SASL"):
                lines += self.tickets(prefix) if name == "KRB" else self.logins(prefix, name == "ONLYPLAIN")
        return "\n".join(lines) + "\n"

    def tickets(self, prefix):
        module = (f'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true '
                  f'keyTab="{self.kdc.folder}/kafka.keytab" principal="kafka/127.0.0.1@{REALM}";')
        return [f"{prefix}sasl.enabled.mechanisms=GSSAPI", f"{prefix}gssapi.sasl.jaas.config={module}",
                f"{prefix}gssapi.sasl.kerberos.service.name=kafka", f"{prefix}sasl.kerberos.service.name=kafka",
                f"{prefix}gssapi.connections.max.reauth.ms={SESSION_SECONDS * 1000}"]

    @staticmethod
    def logins(prefix, only_plain):
        package = "org.apache.kafka.common.security"
        mechanisms = ["PLAIN"] if only_plain else ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
        users = " ".join(f'user_{name}="{password}"' for name, password in USERS.items() if password.isascii())
        jaas = {"PLAIN": f"{package}.plain.PlainLoginModule required {users};",
                "SCRAM-SHA-256": f"{package}.scram.ScramLoginModule required;",
                "SCRAM-SHA-512": f"{package}.scram.ScramLoginModule required;",
                "OAUTHBEARER": f'{package}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";'}
        lines = [f"{prefix}sasl.enabled.mechanisms={','.join(mechanisms)}"]
        lines += [f"{prefix}{mechanism.lower()}.sasl.jaas.config={jaas[mechanism]}" for mechanism in mechanisms]
        if not only_plain:
            lines += [f"{prefix}{mechanism.lower()}.connections.max.reauth.ms={SESSION_SECONDS * 1000}" for mechanism in mechanisms]
        return lines

    def set_password(self, user, password):
        """By Kafka's own tool, for both kinds of SCRAM."""
        jars = self.directory / "lib-4.1.0"
        for mechanism, iterations in (("SCRAM-SHA-256", 8192), ("SCRAM-SHA-512", 4096)):
            done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-cp", f"{jars}/*", "kafka.admin.ConfigCommand",
                                   "--bootstrap-server", self.server(), "--alter", "--entity-type", "users", "--entity-name", user, "--add-config",
                                   f"{mechanism}=[iterations={iterations},password={password}]"],
                                  capture_output=True, text=True, env=dict(self.environment, LC_ALL="C.UTF-8"))
            assert done.returncode == 0, done.stdout + done.stderr

    def secure_servers(self, listener):
        return [f"127.0.0.1:{self.port(listener, broker)}" for broker in (1, 2)]

    def prepare(self):
        for user, password in USERS.items():
            self.set_password(user, password)
        self.create_topic("orders", 6, 1)
        self.produce("orders", range(600))
        self.consume("orders", "payments", 400)


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class TokenServer:
    """Gives tokens that are signed by nobody, which Kafka's default validator takes, to client 'highwater' with its secret or its key."""

    SECRET = "cl1ent-s3cret"

    def __init__(self, life=3600):
        outer = self
        self.life, self.asked, self.down = life, 0, False

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (the name is http.server's)
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                outer.asked += 1
                expected = "Basic " + base64.b64encode(f"highwater:{outer.SECRET}".encode()).decode()
                if outer.down:
                    self.send_error(503)
                elif form["grant_type"] != ["client_credentials"] or not (self.headers["Authorization"] == expected or outer.is_signed(form)):
                    self.reply(401, {"error": "invalid_client", "error_description": "who is that?"})
                else:
                    self.reply(200, {"access_token": outer.token(), "expires_in": outer.life, "token_type": "Bearer"})

            def reply(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def is_signed(self, form):
        """Whether a client_assertion is there that the key of certificate "client" has signed, for this server and now."""
        text, _, signature = form.get("client_assertion", [""])[0].rpartition(".")
        if form.get("client_assertion_type") != ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"] or "." not in text:
            return False
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split("."))
        (FOLDER / "assertion.sig").write_bytes(base64.urlsafe_b64decode(signature + "=="))
        (FOLDER / "assertion.txt").write_text(text)
        verified = subprocess.run(["openssl", "dgst", "-sha256", "-prverify", FOLDER / "client.key", "-signature", FOLDER / "assertion.sig",
                                   FOLDER / "assertion.txt"], capture_output=True, text=True)
        assert claims["iss"] == claims["sub"] == "highwater" and claims["aud"] == self.url and abs(claims["iat"] - time.time()) < 60, claims
        assert header["kid"] == "k1" and header["alg"] == "RS256", header
        return verified.returncode == 0

    def token(self, life=None):
        now = time.time()
        claims = {"sub": "highwater", "iat": int(now) - 1, "exp": int(now + (life or self.life))}
        return f"{encoded({'alg': 'none'})}.{encoded(claims)}."

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def secret(name, text):
    """A file with it, as a configuration names it."""
    path = FOLDER / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return f"{{file: {path}}}"


CA = f"ca: {FOLDER}/ca.pem"


def login(mechanism, user="alice", password=None, protocol="SASL_SSL"):
    words = secret(f"password-{mechanism}-{user}-{len(password or '')}", password or USERS[user])
    ca = f", {CA}" if protocol == "SASL_SSL" else ""
    return f"protocol: {protocol}{ca}, mechanism: {mechanism}, username: {user}, password: {words}"


@contextlib.contextmanager
def secured(cluster, binary, name, listener, security, more="", environment=None):
    """An agent that watches through that listener. `security` is what stands in the braces; "" leaves the section out."""
    receiver = Receiver()
    section = more + (f"    security: {{{security}}}\n" if security else "")
    servers = cluster.secure_servers(listener) if listener in LISTENERS else [listener]
    environment = dict(environment or {}, KRB5_CONFIG=(environment or {}).get("KRB5_CONFIG", str(cluster.kdc.config)))
    agent = Agent(binary, servers, receiver, name=f"secured-{name}", cluster=section, environment=environment)
    try:
        yield agent, receiver
        assert agent.process.poll() is None, f"the agent ended by itself: {agent.log_path.read_text()[-3000:]}"
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0, f"exit code {code} after SIGTERM"


def log_of(agent):
    agent.log.flush()
    return agent.log_path.read_text()


def expect_all_known(agent):
    agent.wait_ready()
    for broker in "12":
        wait_until(lambda: agent.value("highwater_broker_up", broker=broker) == 1, 20, f"broker {broker} is up: {log_of(agent)[-2000:]}")  # noqa: B023
    wait_until(lambda: agent.value("highwater_group_topic_lag_records", group="payments") == 200, 20, "the lag is known")
    assert agent.value("highwater_cluster_credentials_refused") == 0


WORKING = {
    "tls": ("TLS", f"protocol: SSL, {CA}"),
    "mtls": ("MTLS", f"protocol: SSL, {CA}, certificate: {FOLDER}/client.pem, key: {FOLDER}/client.key"),
    "mtls-locked-key": ("MTLS", lambda: f"protocol: SSL, {CA}, certificate: {FOLDER}/client.pem, key: {FOLDER}/client-locked.key, "
                                        f"key_password: {secret('key-password', 'key-s3cret')}"),
    "mtls-keystore": ("MTLS", lambda: f"protocol: SSL, {CA}, certificate: {{keystore: {FOLDER}/client.p12, "
                                      f"password: {secret('store-password', 'store-s3cret')}}}"),
    "other-name": ("OTHER", f"protocol: SSL, {CA}, server_name: kafka-9.example"),
    "any-name": ("OTHER", f"protocol: SSL, {CA}, verify: ca"),
    "unverified": ("EXPIRED", "protocol: SSL, verify: none"),
    "plain": ("SASLS", lambda: login("PLAIN")),
    "plain-open": ("SASLP", lambda: login("PLAIN", protocol="SASL_PLAINTEXT")),
    "scram-256": ("SASLS", lambda: login("SCRAM-SHA-256")),
    "scram-512": ("SASLS", lambda: login("SCRAM-SHA-512")),
    "scram-open": ("SASLP", lambda: login("SCRAM-SHA-512", protocol="SASL_PLAINTEXT")),
    "scram-not-ascii": ("SASLS", lambda: login("SCRAM-SHA-256", user="bob")),
    "kerberos": ("KRB", lambda: tickets("agent", f"principal: highwater@{REALM}")),
    "kerberos-without-principal": ("KRB", lambda: tickets("agent")),
}


def tickets(keytab, more="service: kafka"):
    return f"protocol: SASL_PLAINTEXT, mechanism: GSSAPI, kerberos: {{keytab: {FOLDER}/kdc/{keytab}.keytab, {more}}}"


def test_each_kind_of_security_shows_everything(cluster, binary):
    for name, (listener, security) in WORKING.items():
        with secured(cluster, binary, name, listener, security() if callable(security) else security) as (agent, receiver):
            expect_all_known(agent)
            if LISTENERS[listener][0].endswith("SSL"):
                left = agent.value("highwater_broker_certificate_expiry_seconds", broker="1")
                assert (left < 0) == (name == "unverified"), f"{name}: {left}"
            assert receiver.alerts() == [], name
        print(f"      {name}", flush=True)


def test_tokens_of_a_file_and_of_a_server(cluster, binary):
    server = TokenServer()
    try:
        words = secret("token", server.token())[7:-1]
        with secured(cluster, binary, "token-file", "SASLS", f"protocol: SASL_SSL, {CA}, mechanism: OAUTHBEARER, oauth: {{token_file: {words}}}") as (agent, _):
            expect_all_known(agent)
        with secured(cluster, binary, "token-server", "SASLS", oauth(server)) as (agent, _):
            expect_all_known(agent)
            assert server.asked == 1, f"{server.asked} tokens for all connections"
        with secured(cluster, binary, "token-server-key", "SASLS", signed_oauth(server, "client")) as (agent, _):
            expect_all_known(agent)
        with secured(cluster, binary, "token-server-other-key", "SASLS", signed_oauth(server, "foreign-client")) as (agent, _):
            wait_until(lambda: "invalid_client: who is that?" in log_of(agent), 30, "a key that the server does not know is refused")
    finally:
        server.close()


def oauth(server, words=TokenServer.SECRET):
    return (f"protocol: SASL_SSL, {CA}, mechanism: OAUTHBEARER, oauth: {{token_url: \"{server.url}\", client_id: highwater, "
            f"client_secret: {secret('client-' + str(len(words)), words)}}}")


def signed_oauth(server, key):
    return (f"protocol: SASL_SSL, {CA}, mechanism: OAUTHBEARER, oauth: {{token_url: \"{server.url}\", client_id: highwater, "
            f"assertion_key: {FOLDER}/{key}.key, assertion_key_id: k1}}")


def test_the_canary_connects_as_the_agent_does(cluster, binary):
    cluster.create_topic("canary", 2, 1)
    for name in ("mtls", "mtls-locked-key", "mtls-keystore", "plain"):
        listener, security = WORKING[name]
        with secured(cluster, binary, f"canary-{name}", listener, security() if callable(security) else security,
                     "    canary: {topic: canary, every: 500ms}\n") as (agent, _):
            agent.wait_ready()
            wait_until(lambda: agent.value("highwater_canary_up") == 1, 30, f"the canary sends: {log_of(agent)[-2000:]}")  # noqa: B023
            wait_until(lambda: (agent.value("highwater_canary_records_received_total", partition="1") or 0) > 0, 30, "and reads")  # noqa: B023
            process = subprocess.run(["ps", "-o", "args=", "--ppid", str(agent.process.pid)], capture_output=True, text=True).stdout
            assert "highwater-canary" in process and "s3cret" not in process, process


def test_logins_are_repeated_on_open_connections(cluster, binary):
    with secured(cluster, binary, "repeated", "SASLS", login("SCRAM-SHA-512")) as (agent, receiver):
        expect_all_known(agent)
        end = time.monotonic() + 4 * SESSION_SECONDS
        since = agent.value("highwater_broker_status_timestamp_seconds", broker="1")
        while time.monotonic() < end:
            assert agent.value("highwater_broker_up", broker="1") == 1 and agent.value("highwater_broker_up", broker="2") == 1, log_of(agent)
            assert agent.value("highwater_group_topic_lag_records", group="payments") == 200
            time.sleep(0.2)
        assert agent.value("highwater_broker_status_timestamp_seconds", broker="1") == since
        errors = {labels: value for (name, labels), value in agent.metrics().items() if name == "highwater_kafka_request_errors_total" and value}
        assert not errors, errors
        assert receiver.alerts() == []


def test_a_token_server_that_is_down_is_said_before_the_token_ends(cluster, binary):
    server = TokenServer(life=60)
    try:
        with secured(cluster, binary, "token-server-down", "SASLS", oauth(server)) as (agent, receiver):
            expect_all_known(agent)
            server.down = True
            wait_until(lambda: agent.value("highwater_cluster_credentials_stale") == 1, 90, "it is said")
            assert agent.value("highwater_broker_up", broker="1") == 1, "the old token is still in use"
            server.down = False
            wait_until(lambda: agent.value("highwater_cluster_credentials_stale") == 0, 30, "it is over")
            assert agent.value("highwater_broker_up", broker="1") == 1
            assert receiver.incidents(name="CredentialsRefused") == []
    finally:
        server.close()


def test_a_changed_password_is_one_incident_about_the_cluster(cluster, binary):
    cluster.set_password("alice", USERS["alice"])
    security = login("SCRAM-SHA-256")
    try:
        with secured(cluster, binary, "changed", "SASLS", security) as (agent, receiver):
            expect_all_known(agent)
            cluster.set_password("alice", "an0ther-s3cret")
            wait_until(lambda: receiver.incidents(name="CredentialsRefused"), 90, "an incident")
            text = log_of(agent)
            assert "SASL/SCRAM-SHA-256: it refuses the login of 'alice'" in text, text[-3000:]
            time.sleep(5)
            names = [alert["labels"]["alertname"] for _, alert in receiver.incidents()]
            assert names == ["CredentialsRefused"], names
            assert agent.value("highwater_broker_failed", broker="1") is None, "it is not known to have failed"
            secret("password-SCRAM-SHA-256-alice-0", "an0ther-s3cret")
            wait_until(lambda: agent.value("highwater_broker_up", broker="1") == 1 and agent.value("highwater_broker_up", broker="2") == 1, 45,
                       "the new password is used")
            (_, alert), = receiver.incidents()
            wait_until(lambda: receiver.resolved(alert["annotations"]["correlation_id"]), 120, "the incident ends")
    finally:
        cluster.set_password("alice", USERS["alice"])


# What is configured, where, and what must be said of it.
MISTAKES = {
    "plaintext to a TLS port": ("TLS", "", "it speaks TLS: set `security`"),
    "TLS to a plaintext port": ("127.0.0.1:{plaintext}", f"protocol: SSL, {CA}", "TLS: it closes the connection in the handshake: a listener without TLS"),
    "another authority": ("TLS", f"protocol: SSL, ca: {FOLDER}/other-ca.pem", "comes from 'CN=Highwater ca', which is not among"),
    "the system's authorities": ("TLS", "protocol: SSL", "which is not among the system's certificate authorities"),
    "another name": ("OTHER", f"protocol: SSL, {CA}", "its certificate is for kafka-9.example, not for '127.0.0.1'"),
    "an expired certificate": ("EXPIRED", f"protocol: SSL, {CA}", "its certificate expired 2021-01-01"),
    "a certificate of the future": ("FUTURE", f"protocol: SSL, {CA}", "its certificate is valid from 2048-01-01"),
    "no client certificate": ("MTLS", f"protocol: SSL, {CA}", "it asks for a client's certificate, and none is configured"),
    "a client certificate of another authority": (
        "MTLS", f"protocol: SSL, {CA}, certificate: {FOLDER}/foreign-client.pem, key: {FOLDER}/foreign-client.key",
        "it refuses our certificate 'CN=foreign-client'"),
    "a key of another certificate": ("MTLS", f"protocol: SSL, {CA}, certificate: {FOLDER}/client.pem, key: {FOLDER}/broker.key",
                                     "the key does not belong to the certificate"),
    "a wrong password of the key": ("MTLS", lambda: f"protocol: SSL, {CA}, certificate: {FOLDER}/client.pem, key: {FOLDER}/client-locked.key, "
                                                    f"key_password: {secret('wrong-key-password', 'no')}", "holds no key in PEM form that can be read with the key_password"),
    "a missing file": ("TLS", f"protocol: SSL, ca: {FOLDER}/nowhere.pem", "nowhere.pem cannot be read: No such file"),
    "no login where one is wanted": ("SASLP", "", "it asks for a login (SASL: "),
    "TLS alone where a login is wanted": ("SASLS", f"protocol: SSL, {CA}", "it asks for a login (SASL: "),
    "a login in plain to a TLS port": ("SASLS", lambda: login("PLAIN", protocol="SASL_PLAINTEXT"), "it speaks TLS: set `security`"),
    "a login with TLS to a plain port": ("SASLP", lambda: login("PLAIN"), "TLS: it closes the connection in the handshake"),
    "a login where none is wanted": ("TLS", lambda: login("PLAIN"), "this listener of the broker wants no login"),
    "a wrong password of PLAIN": ("SASLS", lambda: login("PLAIN", password="wrong"), "SASL/PLAIN: it refuses the login of 'alice'"),
    "a wrong password of SCRAM": ("SASLS", lambda: login("SCRAM-SHA-512", password="wrong"), "SASL/SCRAM-SHA-512: it refuses the login of 'alice'"),
    "an unknown user": ("SASLS", lambda: login("SCRAM-SHA-256", user="alice").replace("username: alice", "username: mallory"),
                        "SASL/SCRAM-SHA-256: it refuses the login of 'mallory'"),
    "a mechanism that is off": ("ONLYPLAIN", lambda: login("SCRAM-SHA-256", protocol="SASL_PLAINTEXT"),
                                "SASL/SCRAM-SHA-256: it is not among what the broker has enabled on this listener: PLAIN"),
    "a missing password file": ("SASLS", f"protocol: SASL_SSL, {CA}, mechanism: PLAIN, username: alice, password: {{file: {FOLDER}/nowhere}}",
                                "SASL/PLAIN: the secret in"),
    "a token that has expired": ("SASLS", lambda: f"protocol: SASL_SSL, {CA}, mechanism: OAUTHBEARER, oauth: {{token_file: {expired_token()}}}",
                                 "SASL/OAUTHBEARER: it refuses our token"),
    "a token server that is not there": ("SASLS", lambda: f"protocol: SASL_SSL, {CA}, mechanism: OAUTHBEARER, oauth: {{token_url: \"http://127.0.0.1:9/t\", "
                                                          f"client_id: x, client_secret: {secret('x', 'x')}}}", "SASL/OAUTHBEARER: no token from the token server"),
    "no keytab": ("KRB", lambda: tickets("nowhere"), "SASL/GSSAPI: no ticket: "),
    "an old keytab": ("KRB", lambda: tickets("nobody"), "SASL/GSSAPI: no ticket: "),
    "a principal that is not in the keytab": ("KRB", lambda: tickets("agent", f"principal: somebody@{REALM}"), "SASL/GSSAPI: no ticket: "),
    "a service that no broker has": ("KRB", lambda: tickets("agent", "service: http"), "not found in Kerberos database"),
    "a login by GSSAPI where others are enabled": ("SASLP", lambda: tickets("agent"), "SASL/GSSAPI: it is not among what the broker has enabled"),
}


def expired_token():
    claims = {"sub": "highwater", "iat": 1600000000, "exp": 1600000600}
    return secret("expired-token", f"{encoded({'alg': 'none'})}.{encoded(claims)}.")[7:-1]


def test_each_mistake_is_called_by_its_name(cluster, binary):
    failed = []
    for number, (mistake, (listener, security, expected)) in enumerate(MISTAKES.items()):
        listener = listener.format(plaintext=cluster.port_base + 1)
        with secured(cluster, binary, f"mistake-{number}", listener, security() if callable(security) else security) as (agent, _):
            try:
                wait_until(lambda: expected in log_of(agent), 15, expected)  # noqa: B023
                print(f"      {mistake}", flush=True)
            except AssertionError:
                failed.append(f"{mistake}: not '{expected}' but\n{log_of(agent)[-1500:]}")
            for words in ("s3cret", "pässwörd"):
                assert words not in log_of(agent), f"{mistake}: a secret is in the log"
    assert not failed, "\n".join(failed)


def test_a_kdc_that_is_down_is_said_and_tickets_last(cluster, binary):
    with secured(cluster, binary, "kdc-down", "KRB", tickets("agent"),
                 environment={"KRB5_CONFIG": str(cluster.kdc.configuration("dead.conf", 9))}) as (agent, _):
        wait_until(lambda: "Cannot contact any KDC for realm" in log_of(agent), 20, f"it is said: {log_of(agent)[-2000:]}")
    with secured(cluster, binary, "tickets-last", "KRB", tickets("agent")) as (agent, receiver):
        expect_all_known(agent)
        cluster.kdc.process.send_signal(signal.SIGSTOP)
        try:
            end = time.monotonic() + 3 * SESSION_SECONDS  # the ticket for the broker is there
            while time.monotonic() < end:
                assert agent.value("highwater_broker_up", broker="1") == 1, log_of(agent)
                time.sleep(0.2)
            assert receiver.alerts() == []
        finally:
            cluster.kdc.process.send_signal(signal.SIGCONT)


def connected(cluster, binary, listener, security, more=""):
    """What `check --connect` says, and its exit code."""
    servers = cluster.secure_servers(listener) if listener in LISTENERS else [listener]
    path = FOLDER / "connect.yaml"
    section = more + (f"    security: {{{security}}}\n" if security else "")
    path.write_text(f"clusters:\n  - name: prod\n    bootstrap: [{', '.join(json.dumps(server) for server in servers)}]\n{section}")
    started = time.monotonic()
    done = subprocess.run([str(binary), "check", "--connect", str(path)], capture_output=True, text=True,
                          env=dict(os.environ, COLUMNS="200", KRB5_CONFIG=str(cluster.kdc.config)))
    return done.returncode, done.stdout + done.stderr, time.monotonic() - started


def test_check_connects_and_says_which_step_fails(cluster, binary):
    for name, (listener, security) in WORKING.items():
        code, text, _ = connected(cluster, binary, listener, security() if callable(security) else security)
        assert code == 0 and "2 of 2 brokers can be used" in text and "✗" not in text, f"{name}: {code}\n{text}"
        assert ("TLSv1.3" in text) == LISTENERS[listener][0].endswith("SSL"), text
    for mistake, (listener, security, expected) in MISTAKES.items():
        listener = listener.format(plaintext=cluster.port_base + 1)
        code, text, _ = connected(cluster, binary, listener, security() if callable(security) else security)
        said = " ".join(text.split())
        assert code == 3 and expected in said and "✗" in text, f"{mistake}: exit {code}, not '{expected}' but\n{text}"
        assert "s3cret" not in text, mistake
    for broker in (1, 2):
        cluster.pause(broker)
    try:
        code, text, took = connected(cluster, binary, *(lambda listener, security: (listener, security()))(*WORKING["plain"]))
        assert code == 3 and took < 15, (code, took, text)
    finally:
        for broker in (1, 2):
            cluster.resume(broker)


def test_the_rights_that_are_written_are_those_that_are_needed(cluster, binary):
    """By Kafka's own authorizer: with none of them, with all, and without each in turn."""
    cluster.set_password("carol", "car0l-s3cret")
    USERS["carol"] = "car0l-s3cret"
    security = login("SCRAM-SHA-512", user="carol")
    _, text, _ = connected(cluster, binary, "SASLS", security)
    written = subprocess.run([str(binary), "generate", "acls", "--config", str(FOLDER / "connect.yaml")], capture_output=True, text=True, check=True)
    rights = []
    for line in written.stdout.splitlines():
        assert line.startswith("kafka-acls.sh") and "User:carol" in line, line
        words = shlex.split(line)
        rights.append(words[words.index("--allow-principal"):])

    def acls(*arguments):
        cluster.tool("AclCommand", "--bootstrap-server", cluster.server(), "--force", *arguments)

    def change(verb, words, principal="User:carol"):
        acls(verb, *[principal if word == "User:carol" else word for word in words])

    def missing():
        code, text, _ = connected(cluster, binary, "SASLS", security)
        assert "2 of 2 brokers can be used" in text, text
        return code, " ".join(text.split())

    for words in rights:  # somebody else has them, so not everybody does any more
        change("--add", words, "User:somebody")
    try:
        code, text = missing()
        assert code == 3 and "✗ DESCRIBE on the cluster" in text and "✗ DESCRIBE_CONFIGS on the cluster" not in text, text
        assert text.count("none is seen: there are none, or the right is missing") == 2, text
        for words in rights:
            change("--add", words)
        wait_until(lambda: missing()[0] == 0, 20, "all rights are there")
        code, text = missing()
        assert "✗" not in text and re.search(r"– READ on topics on 0 of \d", text), text
        acls("--remove", "--allow-principal", "User:carol", "--operation", "Describe", "--cluster")
        wait_until(lambda: "✗ DESCRIBE on the cluster" in missing()[1], 20, "the missing right is named")
        change("--add", rights[0])
        acls("--add", "--deny-principal", "User:carol", "--operation", "DescribeConfigs", "--topic", "ord", "--resource-pattern-type", "prefixed")
        wait_until(lambda: re.search(r"✗ DESCRIBE_CONFIGS on topics on \d of \d; without it unknown: retention", missing()[1]), 20, "deny beats allow")
    finally:
        for words in rights:
            resource = words[[i for i, word in enumerate(words) if word.startswith("--") and word not in ("--allow-principal", "--operation")][0]:]
            acls("--remove", *resource)
        acls("--remove", "--topic", "ord", "--resource-pattern-type", "prefixed")
        del USERS["carol"]


def test_a_scope_needs_describe_on_its_group_and_topics_alone(cluster, binary):
    """By Kafka's own authorizer: everything else is denied to its user, and nothing of it is asked for."""
    cluster.create_topic("foreign", 1, 1)
    cluster.set_password("dave", "dav3-s3cret")
    USERS["dave"] = "dav3-s3cret"
    security = login("SCRAM-SHA-512", user="dave")

    def acls(*arguments):
        cluster.tool("AclCommand", "--bootstrap-server", cluster.server(), "--force", *arguments)

    everything = [["--topic", "*"], ["--group", "*"], ["--cluster"], ["--transactional-id", "*"]]
    for resource in everything:  # somebody else has it, so not everybody does any more
        acls("--add", "--allow-principal", "User:somebody", "--operation", "All", *resource)
    try:
        scope = "    scope: {groups: [payments], topics: [orders]}\n"
        with secured(cluster, binary, "scope-none", "SASLS", security, more=scope) as (agent, _):
            agent.wait_ready()
            wait_until(lambda: agent.value("highwater_collector_unknown_rows", collector="groups", reason="denied"), 30, "the group is denied")
        acls("--add", "--allow-principal", "User:dave", "--operation", "Describe", "--topic", "orders")
        acls("--add", "--allow-principal", "User:dave", "--operation", "Describe", "--group", "payments")
        with secured(cluster, binary, "scope", "SASLS", security, more=scope) as (agent, receiver):
            agent.wait_ready()
            wait_until(lambda: agent.value("highwater_group_topic_lag_records", group="payments", topic="orders") == 200, 40, "the lag is known")
            time.sleep(12)  # rights are asked for with the configurations, every 10 s, by who watches all
            text = agent.get("/metrics")
            assert "highwater_kafka_request_errors_total{" not in text, [line for line in text.splitlines() if "request_errors_total{" in line]
            assert "foreign" not in text
            assert not receiver.alerts(), receiver.alerts()
            asked = {line.split('api="')[1].split('"')[0] for line in text.splitlines() if line.startswith("highwater_kafka_requests_total{")}
            assert asked == {"Metadata", "FindCoordinator", "DescribeGroups", "OffsetFetch", "ListOffsets"}, asked
            print(f"      asked: {', '.join(sorted(asked))}; denied: none", flush=True)
        with secured(cluster, binary, "scope-used", "SASLS", security, more="    scope: {groups: [payments]}\n") as (agent, _):
            agent.wait_ready()
            wait_until(lambda: agent.value("highwater_group_topic_lag_records", group="payments", topic="orders") == 200, 40, "its topics are those that it uses")
        code, text, _ = connected(cluster, binary, "SASLS", security, scope)
        assert code == 0 and "✓ DESCRIBE on group payments" in " ".join(text.split()), text
        code, text, _ = connected(cluster, binary, "SASLS", security)
        assert code == 3 and "✗ DESCRIBE on the cluster" in " ".join(text.split()), text
    finally:
        for resource in everything:
            acls("--remove", *resource)
        acls("--remove", "--topic", "orders")
        acls("--remove", "--group", "payments")
        del USERS["dave"]


def test_no_secret_is_in_any_output(cluster, binary):
    server = TokenServer()
    planted = [*USERS.values(), TokenServer.SECRET, "key-s3cret", "store-s3cret", server.token()[:40]]
    try:
        for name, listener, security in (("scram", "SASLS", login("SCRAM-SHA-256")), ("oauth", "SASLS", oauth(server)),
                                         ("keystore", "MTLS", WORKING["mtls-keystore"][1]())):
            with secured(cluster, binary, f"secrets-{name}", listener, security) as (agent, _):
                expect_all_known(agent)
                time.sleep(1)
                outputs = [agent.get("/metrics"), agent.get("/"), agent.get("/api/v1/status"), agent.get("/api/v1/incidents"), log_of(agent)]
                for command in (["check", str(agent.config)], ["status", "--config", str(agent.config)], ["generate", "metrics"]):
                    done = subprocess.run([str(binary), *command], capture_output=True, text=True)
                    outputs.append(done.stdout + done.stderr)
            outputs += [file.read_bytes().decode("latin-1") for file in agent.directory.glob("state.db*")]
            for words in planted:
                assert all(words not in output for output in outputs), f"{name}: {words} is in an output"
    finally:
        server.close()


TESTS = [test for name, test in sorted(globals().items()) if name.startswith("test_")]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary, wanted = pathlib.Path(sys.argv[1]).resolve() / "highwater", sys.argv[2:]
    chosen = [test for test in TESTS if not wanted or any(word in test.__name__ for word in wanted)]
    if not binary.exists() or not chosen:
        sys.exit(f"{binary}, {wanted}: no such program or test")
    Certificates()
    cluster = SecuredCluster(kdc_port=PORT_BASE + 2999)
    failed = []
    try:
        cluster.start()
        cluster.prepare()
        for test in chosen:
            started = time.monotonic()
            try:
                test(cluster, binary)
                print(f"ok    {test.__name__} ({time.monotonic() - started:.0f} s)", flush=True)
            except Exception:
                failed.append(test.__name__)
                print(f"FAIL  {test.__name__} ({time.monotonic() - started:.0f} s)\n{traceback.format_exc()}", flush=True)
    finally:
        cluster.stop()
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
