"""A mail server that does as it is told at each step of the conversation, on a real socket."""

import contextlib
import email
import email.policy
import socket
import socketserver
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

# The steps at which it can be told to misbehave. At `body` the mail has come and is not taken; at `taken` it is taken,
# and the answer is what goes wrong: the one moment in which a sender cannot know.
STEPS = ("banner", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "body", "taken")
HANG, DROP = "hang", "drop"


@dataclass
class Rule:
    """What to do at a step: hang, drop, or give this answer; so many times, and only for this recipient."""

    step: str
    act: str
    times: float
    to: str


@dataclass(frozen=True)
class Taken:
    """A mail that the server took."""

    recipient: str
    message_id: str


@dataclass
class Script:
    """The rules, and what has happened."""

    rules: list[Rule] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    conversations: int = 0
    talking: int = 0
    talked_at_once: int = 0
    offers_tls: bool = False
    seconds_per_mail: float = 0
    # Set when a client is being held at a step that hangs; clients are let go when `release` is set.
    holding: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, step: str, act: str, *, times: float = 1, to: str = "") -> None:
        """Do this at that step; by default once."""
        assert step in STEPS, step
        self.rules.append(Rule(step, act, times, to))

    def act(self, step: str, recipient: str) -> str:
        """What to do now, if anything; counts it as done."""
        with self.lock:
            for rule in self.rules:
                if rule.step == step and rule.times > 0 and rule.to in ("", recipient):
                    rule.times -= 1
                    return rule.act
        return ""

    def note(self, content: bytes, recipient: str) -> None:
        """Take a mail."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        with self.lock:
            self.taken.append(Taken(recipient, message["Message-ID"]))

    @property
    def copies(self) -> Counter[str]:
        """How often each recipient was sent something."""
        with self.lock:
            return Counter(one.recipient for one in self.taken)

    @property
    def message_ids(self) -> set[str]:
        """The Message-IDs of all that was taken."""
        with self.lock:
            return {one.message_id for one in self.taken}


class Hangup(Exception):
    """The server ends the conversation without a word."""


class Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    server: "ScriptedServer"
    recipient = ""

    def handle(self) -> None:
        script = self.server.script
        with script.lock:
            script.conversations += 1
            script.talking += 1
            script.talked_at_once = max(script.talked_at_once, script.talking)
        with contextlib.suppress(Hangup, OSError):
            self.converse()
        with script.lock:
            script.talking -= 1

    def converse(self) -> None:
        """Banner, then command after command."""
        script = self.server.script
        self.answer("banner", "220 scripted ESMTP")
        while line := self.rfile.readline():
            command = line.strip().upper()
            if command.startswith(b"EHLO"):
                self.answer("EHLO", "250-scripted\r\n250 STARTTLS" if script.offers_tls else "250 scripted")
            elif command.startswith(b"STARTTLS"):
                if self.answer("STARTTLS", "220 go ahead"):
                    self.spoil_handshake()
            elif command.startswith(b"MAIL"):
                self.answer("MAIL", "250 OK")
            elif command.startswith(b"RCPT"):
                self.recipient = line.decode().partition("<")[2].partition(">")[0]
                self.answer("RCPT", "250 OK")
            elif command.startswith(b"DATA"):
                if self.answer("DATA", "354 go ahead"):
                    self.take(self.body())
            elif command.startswith(b"QUIT"):
                self.say("221 bye")
                return
            else:
                self.say("250 OK")

    def spoil_handshake(self) -> None:
        """There is no certificate here: answer the client's hello with what is none."""
        kind_version_length = self.rfile.read(5)
        self.rfile.read(int.from_bytes(kind_version_length[3:]))
        self.say("this is no handshake")
        raise Hangup

    def take(self, content: bytes) -> None:
        """Take the mail that has come, unless the script has something against it."""
        if act := self.server.script.act("body", self.recipient):
            self.misbehave(act)
            return
        time.sleep(self.server.script.seconds_per_mail)
        self.server.script.note(content, self.recipient)
        self.answer("taken", "250 taken")

    def body(self) -> bytes:
        """Everything up to the dot; a connection that breaks before it leaves nothing to take."""
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise Hangup
            lines.append(line)
        return b"".join(lines)

    def answer(self, step: str, text: str) -> bool:
        """Give the usual answer or do what the script says instead; return whether it was the usual one."""
        if act := self.server.script.act(step, self.recipient):
            self.misbehave(act)
            return False
        self.say(text)
        return True

    def misbehave(self, act: str) -> None:
        """Hang, drop or refuse."""
        if act == HANG:
            self.server.script.holding.set()
            self.server.script.release.wait(60)
            raise Hangup
        if act == DROP:
            raise Hangup
        self.say(act)

    def say(self, text: str) -> None:
        """Send a line."""
        self.wfile.write(text.encode() + b"\r\n")


class ScriptedServer(socketserver.ThreadingTCPServer):
    """The server on a port of this machine, the same one whenever it is started again."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 50

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Conversation)
        self.script = Script()
        self.port = int(self.server_address[1])
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Listen no more and end what hangs."""
        self.script.release.set()
        self.shutdown()
        self.server_close()


class DeafPort:
    """A port that answers no knock: its queue of connections is full, so that connecting itself hangs."""

    def __init__(self, port: int) -> None:
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(0)
        self.waiting = [socket.socket() for _ in range(3)]
        for one in self.waiting:
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(("127.0.0.1", port))

    def stop(self) -> None:
        """Close everything."""
        for one in (*self.waiting, self.listener):
            one.close()
