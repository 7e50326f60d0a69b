"""Many requests at once, in both dialects, half of them streamed; and what became of each."""

import asyncio
import itertools
from dataclasses import dataclass, field

import anthropic
import openai

from lab import clients

AT_ONCE = 16
# Short answers keep the suite quick; a stream still has several pieces.
WORDS = "tokens=10 hello"


@dataclass
class Got:
    """One request as its caller saw it."""

    text: str
    dialect: str
    stream: bool
    headers: dict = field(default_factory=dict)
    pieces: int = 0
    finished: bool = False
    error: Exception | None = None

    @property
    def request_id(self):
        """The id that leads to the record."""
        return self.headers.get("x-request-id")

    def __str__(self):
        kind = "streamed" if self.stream else "whole"
        return f"{kind} {self.dialect} {self.request_id}: {self.pieces} pieces, {self.error!r}"


class Traffic:
    """Asynchronous SDK clients that share one gateway."""

    def __init__(self, door, timeout_s=clients.TIMEOUT_S):
        common = {"api_key": door.key, "max_retries": 0, "timeout": timeout_s}
        self._openai = openai.AsyncOpenAI(base_url=f"{door.url}/v1", **common)
        self._anthropic = anthropic.AsyncAnthropic(base_url=door.url, **common)
        self.got = []

    async def one(self, number):
        """Sends the request of that number: all four kinds take turns."""
        dialect = ("openai", "anthropic")[number % 2]
        got = Got(f"{clients.marker()} {WORDS}", dialect, stream=number % 4 >= 2)
        self.got.append(got)
        try:
            await getattr(self, f"_{dialect}_{'stream' if got.stream else 'whole'}")(got)
        except (openai.APIError, anthropic.APIError) as error:
            got.error = error
            if response := getattr(error, "response", None):
                got.headers = got.headers or dict(response.headers)
        except Exception as error:  # A cut connection surfaces as whatever the HTTP library raises.
            got.error = error
        return got

    async def _openai_whole(self, got):
        ask = self._openai.chat.completions.with_raw_response
        raw = await ask.create(model=clients.MODEL, messages=clients.say(got.text))
        got.headers = dict(raw.headers)
        got.finished = raw.parse().choices[0].finish_reason == "stop"

    async def _openai_stream(self, got):
        ask = self._openai.chat.completions.with_raw_response
        raw = await ask.create(model=clients.MODEL, messages=clients.say(got.text), stream=True)
        got.headers = dict(raw.headers)
        async for chunk in raw.parse():
            for choice in chunk.choices:
                got.pieces += bool(choice.delta.content)
                got.finished |= choice.finish_reason is not None

    async def _anthropic_whole(self, got):
        ask = self._anthropic.messages.with_raw_response
        raw = await ask.create(
            model=clients.MODEL, max_tokens=100, messages=clients.say(got.text)
        )
        got.headers = dict(raw.headers)
        got.finished = (await raw.parse()).stop_reason is not None

    async def _anthropic_stream(self, got):
        ask = self._anthropic.messages.with_raw_response
        raw = await ask.create(
            model=clients.MODEL, max_tokens=100, messages=clients.say(got.text), stream=True
        )
        got.headers = dict(raw.headers)
        async for event in await raw.parse():
            got.pieces += event.type == "content_block_delta"
            got.finished |= event.type == "message_stop"

    async def close(self):
        """Closes the connections."""
        await self._openai.close()
        await self._anthropic.close()


def burst(door, count, at_once=AT_ONCE):
    """Sends `count` mixed requests, `at_once` at a time, and returns all that became of them."""
    return asyncio.run(_burst(door, count, at_once))


async def _burst(door, count, at_once):
    traffic = Traffic(door)
    numbers = iter(range(count))

    async def worker():
        for number in numbers:
            await traffic.one(number)

    await asyncio.gather(*(worker() for _ in range(at_once)))
    await traffic.close()
    return traffic.got


def until(door, enough, at_once=AT_ONCE):
    """Keeps a gateway loaded until `enough(got)` and returns all that became of it."""
    return asyncio.run(_until(door, enough, at_once))


async def _until(door, enough, at_once):
    traffic = Traffic(door)
    numbers = itertools.count()

    async def worker():
        while not enough(traffic.got):
            await traffic.one(next(numbers))

    await asyncio.gather(*(worker() for _ in range(at_once)))
    await traffic.close()
    return traffic.got
