"""Neighbours that mean ill, each in a process of its own, for tests/integration/hour: clients of the agent's pages, brokers that
nothing can be believed of, receivers and sources that hang or give secrets away. All of them end with the process that began them.
"""

import contextlib
import http.server
import multiprocessing
import os
import random
import resource
import socket
import struct
import threading
import time

from attacks import Hanging, SilentCluster, ask

SECRET = "hunter2-T0B0XYZ"


def in_a_process(work, *arguments):
    """Runs `work(pipe, ...)` in a process of its own; what it sends first is returned beside the process."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=work, args=(there, *arguments), daemon=True)
    process.start()
    return process, here.recv()


class LyingCluster(SilentCluster):
    """Names other silent brokers with each Metadata, and topics that cannot be: no UTF-8, twice the same, the highest of epochs."""

    FRESH = 500

    def __init__(self, count):
        self.told = 0
        super().__init__(count)

    def metadata(self):
        self.told += 1
        first = 2 + self.told * self.FRESH
        brokers = [(1, *self.address.split(":"))] + [(i + 2, self.host(i), self.port) for i in range(self.count)]
        brokers += [(first + i, self.host(i % self.count), self.port) for i in range(self.FRESH)]
        out = struct.pack(">i", 0) + varint(len(brokers) + 1)
        for number, host, port in brokers:
            rack = b"\x1b[2J\xc2\x9b\xff"
            out += struct.pack(">i", number) + text(host.encode()) + struct.pack(">i", int(port)) + text(rack) + b"\0"
        out += text(b"lies") + struct.pack(">i", 1)
        names = [b"wide", b"wide", b"\xff\xfe", b"evil\x1b[2J", "\u202egnp".encode(), b""] + [b"t-%d" % (self.told * 50 + i) for i in range(50)]
        out += varint(len(names) + 1) + b"".join(self.topic(name) for name in names)
        return out + struct.pack(">i", -2147483648) + b"\0"

    @staticmethod
    def topic(name):
        partitions = b""
        for index in range(20):
            epoch = 2147483647 if index % 2 else 5
            partitions += struct.pack(">hiii", 0, index, 1, epoch) + b"\2" + struct.pack(">i", 1) + b"\2" + struct.pack(">i", 1) + b"\1\0"
        return struct.pack(">h", 0) + text(name) + b"\0" + varint(21) + partitions + struct.pack(">i", -2147483648) + b"\0"


def text(value):
    return varint(len(value) + 1) + value


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def raise_open_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))


def lying_cluster(pipe):
    raise_open_files()
    cluster = LyingCluster(1200)
    pipe.send(cluster.address)
    while True:
        time.sleep(60)


def receivers(pipe):
    """One hangs; one refuses, and repeats the path, in which there is a secret."""
    class Telling(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802 (the name is http.server's)
            self.rfile.read(int(self.headers["Content-Length"]))
            body = f"Cannot POST {self.path}".encode()
            self.send_response(404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Telling)
    hanging = Hanging()
    pipe.send((f"http://127.0.0.1:{server.server_address[1]}/services/{SECRET}", hanging.url, hanging.address))
    server.serve_forever()


def slow_reader(port):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(5)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.setblocking(False)
    return client


def clients(pipe, port):
    """120 that read 64 bytes now and then, 200 that send a byte a second, and a page of the web that asks under its own name."""
    raise_open_files()
    pipe.send("begun")
    readers, drips = [], []
    while True:
        with contextlib.suppress(OSError):
            while len(readers) < 120:
                readers.append(slow_reader(port))
        with contextlib.suppress(OSError):
            while len(drips) < 200:
                drips.append(ask(port, "GET /metrics HT"))
        readers = [client for client in readers if still_there(lambda: client.recv(64, socket.MSG_DONTWAIT))]  # noqa: B023
        drips = [client for client in drips if still_there(lambda: client.send(b"x", socket.MSG_DONTWAIT))]  # noqa: B023
        with contextlib.suppress(OSError), ask(port, "GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n") as client:
            client.recv(1024)
        time.sleep(0.5)


def still_there(use):
    try:
        return use() != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def silent_names(pipe):
    """A name service that never answers, where this may be listened on."""
    try:
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind(("127.0.0.78", 53))
    except OSError:
        pipe.send(None)
        return
    pipe.send("127.0.0.78")
    while True:
        listener.recv(4096)


class Comers(threading.Thread):
    """Groups of a simulated cluster that come and go, and commit to every partition of a wide topic."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.random = random.Random(os.getpid())

    def run(self):
        kept = []
        for number in range(1_000_000):
            name = f"comer-{number}-" + "x" * self.random.choice([1, 10, 200, 20_000])
            with contextlib.suppress(AssertionError, OSError, ValueError):
                self.cluster.happen(f"create_group: {{name: {name}, topics: [wide], consume: none, lag: 5, members: 3}}")
                kept.append(name)
                if len(kept) > 40:
                    self.cluster.happen(f"delete_group: {kept.pop(0)}")
            time.sleep(2)
