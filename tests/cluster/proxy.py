"""A slow wire: takes TCP connections and hands on what comes, each piece a while later, in order. For kernels without netem; it runs in
the namespace of the member that dials, so the rules of that namespace still judge what it sends.

usage: proxy.py PORT=HOST:PORT ...

Lines on the standard input change the wires while they run: "PORT DELAY_MS JITTER_MS". It ends with its input."""
import asyncio
import random
import socket
import sys

PIECE_BYTES = 64 << 10
PIECES_MAX = 64  # on their way in one direction; then the sender waits, as on any wire


class Wire:
    def __init__(self, port, host, to_port):
        self.port, self.host, self.to_port = port, host, to_port
        self.delay_ms, self.jitter_ms = 0.0, 0.0

    def due(self, now, last):
        """Never before what went before it."""
        return max(last, now + (self.delay_ms + random.uniform(-self.jitter_ms, self.jitter_ms)) / 1000)

    async def take(self, reader, pieces):
        loop, last = asyncio.get_running_loop(), 0.0
        try:
            while data := await reader.read(PIECE_BYTES):
                last = self.due(loop.time(), last)
                await pieces.put((last, data))
        except OSError:
            pass
        await pieces.put((0.0, b""))

    async def hand_on(self, pieces, writer):
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, data = await pieces.get()
                if not data:
                    return
                await asyncio.sleep(max(0.0, due - loop.time()))
                writer.write(data)
                await writer.drain()
        except OSError:
            pass

    async def connect(self, reader, writer):
        """Both ends together: whichever closes, the other learns it."""
        writers = [writer]
        jobs = []
        try:
            far_reader, far_writer = await asyncio.wait_for(asyncio.open_connection(self.host, self.to_port), 10)
            writers.append(far_writer)
            for end in writers:
                end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for come, go in ((reader, far_writer), (far_reader, writer)):
                pieces = asyncio.Queue(PIECES_MAX)
                jobs += [asyncio.create_task(self.take(come, pieces)), asyncio.create_task(self.hand_on(pieces, go))]
            await asyncio.wait(jobs[1::2], return_when=asyncio.FIRST_COMPLETED)
        except (OSError, asyncio.TimeoutError):
            pass
        finally:
            for job in jobs:
                job.cancel()
            for end in writers:
                end.transport.abort()


async def obey(wires):
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        port, delay_ms, jitter_ms = line.split()
        wires[int(port)].delay_ms, wires[int(port)].jitter_ms = float(delay_ms), float(jitter_ms)


async def main():
    wires = {}
    for word in sys.argv[1:]:
        port, to = word.split("=")
        host, to_port = to.rsplit(":", 1)
        wires[int(port)] = Wire(int(port), host, int(to_port))
    for wire in wires.values():
        await asyncio.start_server(wire.connect, "127.0.0.1", wire.port)
    await obey(wires)


asyncio.run(main())
