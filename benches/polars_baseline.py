#!/usr/bin/env python3
"""Indicators the usual way with data frames: the whole history again at every bar.

A frame cannot be appended to in place, so a program that keeps live bars in one joins each new bar to it and computes its
indicators over all rows. This does just that for one symbol, with the five indicators that `streamer-tui bench` has too:
sma(20), ema(20), rsi(14), bb(20,2) and macd(12,26,9). Needs the package `polars`; it prints one line of JSON.

    python benches/polars_baseline.py --rows 10000 --bars 200
"""

import argparse
import importlib.metadata
import json
import random
import time

import polars as pl

MINUTE_MS = 60_000


def random_walk(count: int) -> pl.DataFrame:
    """So many bars of one minute."""
    dice = random.Random(7)
    price = 200.0
    rows = []
    for number in range(count):
        opened = price
        price = round(opened + dice.gauss(0, 0.1), 2)
        rows.append(
            (
                number * MINUTE_MS,
                opened,
                max(opened, price) + 0.05,
                min(opened, price) - 0.05,
                price,
                float(dice.randint(100, 5_000)),
            )
        )
    names = ["unix_ts", "open", "high", "low", "close", "volume"]
    return pl.DataFrame(rows, schema=names, orient="row")


def wilder(column: pl.Expr, length: int) -> pl.Expr:
    return column.ewm_mean(alpha=1 / length, adjust=False)


def indicators(bars: pl.DataFrame) -> dict:
    """The newest values of the indicators, by way of all rows."""
    close = pl.col("close")
    change = close.diff()
    middle = close.rolling_mean(20)
    deviation = close.rolling_std(20, ddof=0)
    macd = close.ewm_mean(span=12, adjust=False) - close.ewm_mean(span=26, adjust=False)
    gain = wilder(change.clip(lower_bound=0), 14)
    loss = wilder((-change).clip(lower_bound=0), 14)
    frame = bars.lazy().select(
        sma=middle,
        ema=close.ewm_mean(span=20, adjust=False),
        rsi=100 - 100 / (1 + gain / loss),
        upper=middle + 2 * deviation,
        lower=middle - 2 * deviation,
        macd=macd,
        signal=macd.ewm_mean(span=9, adjust=False),
    )
    return frame.collect().row(-1, named=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of history before the first bar")
    parser.add_argument("--bars", type=int, default=200, help="bars that are then taken one by one")
    options = parser.parse_args()
    walk = random_walk(options.rows + options.bars)
    history, new = walk.head(options.rows), walk.tail(options.bars)
    indicators(history)
    began = time.perf_counter()
    for at in range(options.bars):
        history = pl.concat([history, new.slice(at, 1)])
        indicators(history)
    took = time.perf_counter() - began
    print(
        json.dumps(
            {
                "polars": importlib.metadata.version("polars"),
                "rows": options.rows,
                "bars": options.bars,
                "us_per_bar": round(took / options.bars * 1e6, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
