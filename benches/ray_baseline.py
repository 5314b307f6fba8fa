#!/usr/bin/env python3
"""The reference architecture on Ray, as small as it can be and still be that architecture.

streamer (own process) -> processing queue -> process supervisor -> one actor per symbol -> results queue -> administrator

As in the reference, each message holds a bar of every symbol, the supervisor sends the whole message to all workers and
waits for all of them before it takes the next, and each worker keeps its history, converts the time to New York and puts
one result at a time on the results queue. The administrator counts. Needs the package `ray`; it prints one line of JSON.

    python benches/ray_baseline.py --symbols 10 --messages 200
"""

import argparse
import importlib.metadata
import json
import random
import time
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import ray
from ray.util.queue import Queue

NEW_YORK = ZoneInfo("America/New_York")
FIRST_BAR_MS = 1_720_522_800_000
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Result:
    """What a worker makes of one bar."""

    symbol: str
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: int | None
    unix_ts: int | None
    new_york_datetime: datetime | None


def make_messages(symbols: list[str], count: int) -> list[dict]:
    """Random walks: one bar of every symbol in each message."""
    dice = random.Random(7)
    prices = dict.fromkeys(symbols, 200.0)
    messages = []
    for number in range(count):
        message = {}
        for symbol in symbols:
            opened = prices[symbol]
            closed = round(opened + dice.gauss(0, 0.1), 2)
            prices[symbol] = closed
            message[symbol] = {
                "open": opened,
                "high": max(opened, closed),
                "low": min(opened, closed),
                "close": closed,
                "volume": dice.randint(100, 5_000),
                "datetime": FIRST_BAR_MS + number * MINUTE_MS,
            }
        messages.append(message)
    return messages


@ray.remote
class StreamSupervisor:
    """Fetches messages and puts them on the processing queue; never waits for what becomes of them."""

    def __init__(self, processing: Queue, symbols: list[str], count: int) -> None:
        self.processing = processing
        self.messages = make_messages(symbols, count)

    def ready(self) -> bool:
        return True

    def run(self) -> None:
        for message in self.messages:
            self.processing.put(message)


@ray.remote
class SymbolWorker:
    """Owns one symbol's history; ignores what is not its own."""

    def __init__(self, symbol: str, results: Queue) -> None:
        self.symbol = symbol
        self.results = results
        self.history = []

    def ready(self) -> bool:
        return True

    def process(self, message: dict) -> None:
        bar = message.get(self.symbol)
        if not bar:
            return
        self.history.append(bar)
        stamp = bar.get("datetime")
        local = datetime.fromtimestamp(stamp / 1000, NEW_YORK) if stamp else None
        prices = [bar.get(key) for key in ("open", "high", "low", "close", "volume")]
        self.results.put(Result(self.symbol, *prices, stamp, local))


@ray.remote
class ProcessSupervisor:
    """Sends every message to all workers and waits for all of them."""

    def __init__(self, processing: Queue, results: Queue, symbols: list[str]) -> None:
        self.processing = processing
        self.workers = [SymbolWorker.remote(symbol, results) for symbol in symbols]

    def ready(self) -> bool:
        return all(ray.get([worker.ready.remote() for worker in self.workers]))

    def run(self, count: int) -> None:
        for _ in range(count):
            message = ray.put(self.processing.get())
            ray.get([worker.process.remote(message) for worker in self.workers])


def measure(symbols_count: int, messages_count: int, warm_up: int) -> float:
    """Bars per second, from the first message streamed to the last result counted."""
    symbols = [f"SIM{number:05}" for number in range(1, symbols_count + 1)]
    processing, results = Queue(), Queue()
    supervisor = ProcessSupervisor.remote(processing, results, symbols)
    ray.get(supervisor.ready.remote())
    elapsed = 0.0
    for count in (warm_up, messages_count):
        streamer = StreamSupervisor.remote(processing, symbols, count)
        ray.get(streamer.ready.remote())
        began = time.perf_counter()
        streamer.run.remote()
        done = supervisor.run.remote(count)
        for _ in range(count * symbols_count):
            results.get()
        elapsed = time.perf_counter() - began
        ray.get(done)
    return messages_count * symbols_count / elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=10, help="symbols, and bars in each message")
    parser.add_argument("--messages", type=int, default=200, help="messages measured")
    parser.add_argument("--warm-up", type=int, default=20, help="messages before that")
    arguments = parser.parse_args()
    if min(arguments.symbols, arguments.messages, arguments.warm_up) < 1:
        parser.error("numbers have to be above zero")
    # Every actor of the reference stands for a process; on few cores Ray would otherwise wait for a free one.
    actors = arguments.symbols + 5
    ray.init(num_cpus=actors, include_dashboard=False, logging_level="ERROR")
    try:
        rate = measure(arguments.symbols, arguments.messages, arguments.warm_up)
    finally:
        ray.shutdown()
    print(
        json.dumps(
            {
                "bars_per_s": round(rate, 1),
                "symbols": arguments.symbols,
                "messages": arguments.messages,
                "ray": importlib.metadata.version("ray"),
            }
        )
    )


if __name__ == "__main__":
    main()
