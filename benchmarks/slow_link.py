"""A link with a delay between two Unix sockets: NEAR FAR DELAY_S, until it is ended."""

from __future__ import annotations

import asyncio
import sys


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    """Pass on each piece that comes after the delay, in order; the next may be on its way."""
    loop = asyncio.get_running_loop()
    while piece := await reader.read(1 << 16):
        loop.call_later(delay_s, writer.write, piece)
    loop.call_later(delay_s, writer.close)


async def serve(near: str, far: str, delay_s: float) -> None:
    """Carry every connection to ``near`` on to ``far``, and back."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(far)
        await asyncio.gather(carry(reader, far_writer, delay_s), carry(far_reader, writer, delay_s))

    async with await asyncio.start_unix_server(connected, near) as server:
        await server.serve_forever()


asyncio.run(serve(sys.argv[1], sys.argv[2], float(sys.argv[3])))
