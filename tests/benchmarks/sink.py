"""A mail server that takes everything and keeps nothing: python -m tests.benchmarks.sink PORT."""

import asyncio
import sys


class Sink(asyncio.Protocol):
    """One connection; as little work as the conversation allows."""

    def __init__(self) -> None:
        self.rest = b""
        self.in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.say(b"220 sink")

    def say(self, line: bytes) -> None:
        """Answer."""
        self.transport.write(line + b"\r\n")

    def data_received(self, data: bytes) -> None:
        """Take what came, in lines or up to the dot."""
        self.rest += data
        while True:
            end = b"\r\n.\r\n" if self.in_data else b"\r\n"
            part, found, rest = self.rest.partition(end)
            if not found:
                return
            self.rest = rest
            if self.in_data:
                self.in_data = False
                self.say(b"250 taken")
            else:
                self.command(part[:4].upper())

    def command(self, word: bytes) -> None:
        """One command."""
        if word == b"DATA":
            self.in_data = True
            self.say(b"354 go")
        elif word == b"QUIT":
            self.say(b"221 bye")
            self.transport.close()
        else:
            self.say(b"250 ok")


async def main(port: int) -> None:
    """Listen for ever."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
