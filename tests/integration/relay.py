"""A relay in front of a broker, for clients that can be cut off from it while it lives on among the others."""

import contextlib
import selectors
import socket
import threading


class Relay:
    """Passes bytes on until it is cut: from then on it is a network that drops every packet. What was on its way stays where
    it is, new connections get no answer (the queue of those to be accepted is kept full), and nothing is closed. After
    heal() all of it goes on, as after lost packets that were sent again."""

    def __init__(self, port, target):
        self.address = ("127.0.0.1", port)
        self.target = ("127.0.0.1", target)
        self.whole = threading.Event()
        self.whole.set()
        self.ended = False
        self.in_the_way = []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(self.address)
        self.listener.listen(8)
        self.listener.setblocking(False)
        threading.Thread(target=self.accept, daemon=True).start()

    def server(self):
        return f"{self.address[0]}:{self.address[1]}"

    def cut(self):
        self.whole.clear()
        while self.fill_queue():
            pass

    def fill_queue(self):
        """One more connection that nobody accepts; false when the queue takes no more."""
        filler = socket.socket()
        self.in_the_way.append(filler)
        filler.settimeout(0.2)
        try:
            filler.connect(self.address)
            return True
        except TimeoutError:
            return False

    def heal(self):
        for filler in self.in_the_way:
            filler.close()
        self.in_the_way = []
        self.whole.set()

    def close(self):
        self.ended = True
        self.heal()

    def accept(self):
        with selectors.DefaultSelector() as selector, self.listener:
            selector.register(self.listener, selectors.EVENT_READ)
            while not self.ended:
                self.whole.wait()
                if selector.select(0.05) and self.whole.is_set():
                    with contextlib.suppress(OSError):
                        self.connect(self.listener.accept()[0])

    def connect(self, client):
        client.setblocking(True)
        broker = socket.create_connection(self.target)
        for source, sink in ((client, broker), (broker, client)):
            threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    def pass_on(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.whole.wait()
                sink.sendall(data)
        self.whole.wait()
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
