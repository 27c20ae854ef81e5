"""`highwater watch` as somebody sees it: on a pseudo-terminal whose screen is kept here."""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time

from harness import end, wait_until, watched

SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")
MODES = {"1049": "alternate", "25": "cursor", "7": "wrap"}


class Terminal:
    """A program on a pseudo-terminal. It knows the few commands that the program may write; all others are kept as strange."""

    def __init__(self, command, columns=80, rows=24, ignored=None, **variables):
        self.ignored = ignored
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.modes = {"alternate": False, "cursor": True, "wrap": True}
        self.lines, self.row, self.column, self.bytes = {}, 0, 0, 0
        self.strange, self.colours = [], set()
        self.lock, self.reading = threading.Lock(), threading.Event()
        self.reading.set()
        environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "HIGHWATER_URL")}
        self.process = subprocess.Popen([str(word) for word in command], stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        env=environment | {"TERM": "xterm-256color"} | variables, start_new_session=True,
                                        preexec_fn=self.begin)
        self.reader = threading.Thread(target=self.follow, daemon=True)
        self.reader.start()

    def begin(self):
        """In the new process. Who ran the tests in the background had signals ignored."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number == self.ignored else signal.SIG_DFL)

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def follow(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        waiting = ""
        with contextlib.suppress(OSError):
            while self.reading.wait():
                data = os.read(self.master, 65536)
                with self.lock:
                    self.bytes += len(data)
                    waiting = self.show(waiting + decoder.decode(data))

    def show(self, text):
        """What is left is the beginning of a sequence."""
        while text:
            if text[0] != "\x1b":
                self.put(text[0])
                text = text[1:]
                continue
            found = SEQUENCE.match(text)
            if not found and len(text) < 20:
                return text
            if found:
                self.obey(found.group(1), found.group(2))
            else:
                self.strange.append(text[:20])
            text = text[found.end() if found else 1:]
        return ""

    def put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
        elif character < " " or "\x7f" <= character < "\xa0":
            self.strange.append(character)
        else:
            line = self.lines.setdefault(self.row, {})
            if self.column >= self.columns and self.modes["alternate"]:
                self.strange.append(f"line {self.row} is too long")
            line[self.column] = character
            self.column += 1

    def obey(self, arguments, command):
        if command in "hl" and arguments[:1] == "?" and arguments[1:] in MODES:
            self.modes[MODES[arguments[1:]]] = command == "h"
            if arguments == "?1049":
                self.lines, self.row, self.column = {}, 0, 0
        elif command == "H":
            row, column = map(int, arguments.split(";"))
            self.row, self.column = row - 1, column - 1
        elif command == "J" and arguments == "2":
            self.lines = {}
        elif command == "K" and arguments == "2":
            self.lines[self.row] = {}
        elif command == "m":
            self.colours |= {arguments} - {"0"}
        else:
            self.strange.append(arguments + command)

    def text(self):
        with self.lock:
            return "\n".join("".join(line.get(i, " ") for i in range(max(line, default=-1) + 1))
                             for line in (self.lines.get(row, {}) for row in range(self.rows)))

    def line(self, row):
        return self.text().split("\n")[row]

    def type(self, keys):
        os.write(self.master, keys.encode())

    def wait(self, words, timeout=20):
        try:
            return wait_until(lambda: words in self.text() and self.text(), timeout, f"'{words}' on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None

    def wait_gone(self, words, timeout=20):
        wait_until(lambda: words not in self.text(), timeout, f"'{words}' is gone from the screen")

    def expect_given_back(self):
        wait_until(lambda: not self.modes["alternate"], 30, "the screen that was there before")
        assert self.modes == {"alternate": False, "cursor": True, "wrap": True}, self.modes
        assert termios.tcgetattr(self.slave) == self.before, "the terminal has other modes than before"

    def expect_end(self, code):
        assert self.process.wait(10) == code, self.process.returncode
        self.expect_given_back()
        assert not self.strange, self.strange

    def close(self):
        end(self.process)
        self.reading.set()
        os.close(self.slave)
        self.reader.join(5)  # before its descriptor is another terminal's
        os.close(self.master)


def command_of(binary, agent):
    return [binary, "watch", "--url", f"http://127.0.0.1:{agent.port}", "--interval", "500ms"]


@contextlib.contextmanager
def watching(binary, agent, **variables):
    terminal = Terminal(command_of(binary, agent), **variables)
    try:
        yield terminal
    finally:
        terminal.close()


def test_an_incident_comes_and_goes_on_the_screen(cluster, binary):
    with watched(cluster, binary, "watch") as (agent, _), watching(binary, agent) as terminal:
        terminal.wait("3 of 3 brokers up  +++")
        assert "payments" in terminal.wait("All quiet", 60), terminal.text()
        assert terminal.modes == {"alternate": True, "cursor": False, "wrap": False}, terminal.modes

        cluster.kill(2)
        screen = terminal.wait("Broker 2 (prod)")
        assert "OPEN: 1 page" in screen and "PAGE" in screen, screen
        terminal.wait("+x+  2 crashed")

        # A larger window is filled at once, a smaller one again.
        terminal.resize(120, 40)
        wait_until(lambda: "q: quit" in terminal.line(39), 30, "the footer is at the new end")
        terminal.resize(80, 24)
        wait_until(lambda: "q: quit" in terminal.line(23), 30, "the footer is where it was")

        # The list above the clusters, its first row: the incident's text, and why it fires.
        terminal.wait("> prod")
        terminal.type("\x1b[Dg\r")
        screen = terminal.wait("EXPLANATION")
        assert "correlation" in screen and "CLUSTERS" not in screen, screen
        terminal.wait("BrokerDown: ")  # the explanation is asked for when the row is opened
        terminal.type("G")
        terminal.wait("last sample")
        terminal.type("\x1b")
        terminal.wait("CLUSTERS")

        terminal.type("/ledger")
        terminal.wait("/ledger_")
        terminal.wait_gone("payments ")
        terminal.type("\x1b")
        terminal.wait("payments")

        cluster.start_one(2)
        terminal.wait("All quiet since", 90)
        terminal.wait_gone("Broker 2 (prod)")
        written = terminal.bytes
        terminal.type("q")
        terminal.expect_end(0)
        print(f"      {written} bytes were written", flush=True)


def test_the_last_picture_stays_and_is_marked_while_the_agent_is_away(cluster, binary):
    with watched(cluster, binary, "watch-away") as (agent, _), watching(binary, agent) as terminal:
        terminal.wait("3 of 3 brokers up")
        agent.kill()
        screen = terminal.wait("NO ANSWER for ")
        assert "OLD: all below is" in screen and "3 of 3 brokers up" in screen and "THEN: " in screen, screen
        agent.start()
        terminal.wait_gone("NO ANSWER")
        terminal.wait("3 of 3 brokers up")
        terminal.type("\x03")
        terminal.expect_end(0)


def test_the_terminal_is_given_back_on_every_way_out(cluster, binary):
    with watched(cluster, binary, "watch-ends") as (agent, _):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT):
            with watching(binary, agent) as terminal:
                terminal.wait("3 of 3 brokers up")
                terminal.process.send_signal(number)
                terminal.expect_end(-number)
        # As nohup starts it.
        with watching(binary, agent, ignored=signal.SIGHUP) as terminal:
            terminal.wait("3 of 3 brokers up")
            terminal.process.send_signal(signal.SIGHUP)
            terminal.type("?")
            terminal.wait("KEYS")
            assert terminal.modes["alternate"]
        # A terminal that takes nothing any more, as behind a connection that hangs.
        with watching(binary, agent) as terminal:
            terminal.wait("3 of 3 brokers up")
            terminal.reading.clear()
            for columns in range(100, 200):
                terminal.resize(columns, 60)
                time.sleep(0.02)
            terminal.process.send_signal(signal.SIGTERM)
            assert terminal.process.wait(10) == -signal.SIGTERM
            assert termios.tcgetattr(terminal.slave) == terminal.before
        # Where nobody could continue it, Ctrl-Z stops nothing.
        with watching(binary, agent) as terminal:
            terminal.wait("3 of 3 brokers up")
            terminal.type("\x1a")
            terminal.type("?")
            terminal.wait("KEYS")
            terminal.type("q")
            terminal.expect_end(0)
        shell = 'set -m; "$@"; echo "stopped $?"; read line; fg; echo "ended $?"'
        with contextlib.closing(Terminal(["bash", "-c", shell, "bash", *command_of(binary, agent)])) as terminal:
            terminal.wait("3 of 3 brokers up")
            terminal.type("\x1a")
            terminal.wait("stopped 148")
            terminal.expect_given_back()
            terminal.type("\r")
            terminal.wait("3 of 3 brokers up")
            assert terminal.modes["alternate"]
            terminal.type("q")
            terminal.wait("ended 0")
            terminal.expect_end(0)
        # Also while the agent hangs, and nothing was answered yet.
        agent.process.send_signal(signal.SIGSTOP)
        try:
            with watching(binary, agent) as terminal:
                terminal.wait("asked for the first time")
                terminal.type("q")
                terminal.expect_end(0)
        finally:
            agent.process.send_signal(signal.SIGCONT)


def test_dumb_terminals_are_refused_and_no_color_is_honoured(cluster, binary):
    with watched(cluster, binary, "watch-refused") as (agent, _):
        with watching(binary, agent, TERM="dumb") as terminal:
            terminal.wait("highwater status")
            terminal.expect_end(2)
        for variables, coloured in (({"NO_COLOR": "1"}, False), ({}, True)):
            with watching(binary, agent, **variables) as terminal:
                terminal.wait("3 of 3 brokers up")
                terminal.type("q")
                terminal.expect_end(0)
                assert bool(terminal.colours) == coloured, terminal.colours


TESTS = [test_an_incident_comes_and_goes_on_the_screen, test_the_last_picture_stays_and_is_marked_while_the_agent_is_away,
         test_the_terminal_is_given_back_on_every_way_out, test_dumb_terminals_are_refused_and_no_color_is_honoured]
