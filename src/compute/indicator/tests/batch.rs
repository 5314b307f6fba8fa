//! Every indicator of bars as its formula says it: over the whole slice, with nothing carried along.

use super::*;

/// The values at the last of these bars.
pub fn batch(name: &str, parameters: &[f64], bars: &[(Candle, UnixMs)]) -> Vec<Option<f64>> {
    let candles: Vec<Candle> = bars.iter().map(|bar| bar.0).collect();
    let closes: Vec<f64> = candles.iter().map(|candle| candle.close).collect();
    let length = parameters.first().map_or(0, |length| *length as usize);
    match name {
        "adx" => adx(&candles, length),
        "atr" => vec![atr(&candles, length)],
        "bb" => bands(last(&closes, length).map(|window| {
            let band = parameters[1] * deviation(window, length as f64);
            (mean(window), band)
        })),
        "cci" => vec![cci(&candles, length)],
        "donchian" => donchian(&candles, length),
        "ema" => vec![newest(&exponential(&closes, length))],
        "keltner" => {
            let middle = newest(&exponential(&closes, length));
            let band = atr(&candles, parameters[1] as usize).map(|range| parameters[2] * range);
            let mut values = bands(middle.zip(band));
            values[1] = middle;
            values
        }
        "macd" => macd(&closes, parameters),
        "mfi" => vec![mfi(&candles, length)],
        "obv" => vec![obv(&candles)],
        "roc" => vec![last(&closes, length + 1).and_then(|window| {
            let change = 100.0 * (window[length] - window[0]) / window[0];
            change.is_finite().then_some(change)
        })],
        "rsi" => vec![rsi(&closes, length)],
        "rvol" => vec![last(&candles, length + 1).and_then(|window| {
            let volumes: Vec<f64> = window.iter().map(|candle| candle.volume).collect();
            let before = mean(&volumes[..length]);
            (before != 0.0).then(|| volumes[length] / before)
        })],
        "slope" => vec![last(&closes, length).map(slope)],
        "sma" => vec![last(&closes, length).map(mean)],
        "stoch" => stochastic(&candles, parameters),
        "volatility" => vec![last(&closes, length + 1).map(|window| {
            let returns: Vec<f64> = window
                .windows(2)
                .map(|pair| (pair[1] / pair[0]).ln())
                .collect();
            deviation(&returns, length as f64 - 1.0) * parameters[1].sqrt()
        })],
        "vwap" => vwap(bars, parameters[0]),
        "wma" => vec![last(&closes, length).map(|window| {
            let weights = (1..=length).map(|weight| weight as f64);
            let sum: f64 = window.iter().zip(weights).map(|(x, w)| x * w).sum();
            sum / (length * (length + 1) / 2) as f64
        })],
        "zscore" => vec![last(&closes, length).and_then(|window| {
            let is_flat = window.iter().all(|close| *close == window[0]);
            (!is_flat)
                .then(|| (window[length - 1] - mean(window)) / deviation(window, length as f64))
        })],
        other => panic!("'{other}' has no batch form here"),
    }
}

fn last<T>(items: &[T], length: usize) -> Option<&[T]> {
    items.get(items.len().checked_sub(length)?..)
}

fn mean(items: &[f64]) -> f64 {
    items.iter().sum::<f64>() / items.len() as f64
}

fn deviation(items: &[f64], count: f64) -> f64 {
    let mean = mean(items);
    let squares: f64 = items.iter().map(|item| (item - mean).powi(2)).sum();
    (squares / count).sqrt()
}

fn bands(middle_and_band: Option<(f64, f64)>) -> Vec<Option<f64>> {
    match middle_and_band {
        Some((middle, band)) => vec![Some(middle + band), Some(middle), Some(middle - band)],
        None => vec![None; 3],
    }
}

fn newest(series: &[f64]) -> Option<f64> {
    series.last().copied()
}

/// The averages at the `length`th item and at each after it.
fn smoothed(items: &[f64], length: usize, weight: f64) -> Vec<f64> {
    if items.len() < length {
        return Vec::new();
    }
    let mut averages = vec![mean(&items[..length])];
    for item in &items[length..] {
        averages.push(weight * item + (1.0 - weight) * averages[averages.len() - 1]);
    }
    averages
}

fn exponential(items: &[f64], length: usize) -> Vec<f64> {
    smoothed(items, length, 2.0 / (length as f64 + 1.0))
}

fn wilder(items: &[f64], length: usize) -> Option<f64> {
    newest(&smoothed(items, length, 1.0 / length as f64))
}

fn range(pair: &[Candle]) -> f64 {
    let (before, candle) = (pair[0].close, pair[1]);
    (candle.high - candle.low)
        .max((candle.high - before).abs())
        .max((candle.low - before).abs())
}

fn atr(candles: &[Candle], length: usize) -> Option<f64> {
    let ranges: Vec<f64> = candles.windows(2).map(range).collect();
    wilder(&ranges, length)
}

fn adx(candles: &[Candle], length: usize) -> Vec<Option<f64>> {
    let sums = |items: Vec<f64>| -> Vec<f64> {
        if items.len() < length {
            return Vec::new();
        }
        let mut sum: f64 = items[..length - 1].iter().sum();
        let rest = items[length - 1..].iter();
        rest.map(|item| {
            sum = sum - sum / length as f64 + item;
            sum
        })
        .collect()
    };
    let movement = |is_up: bool| {
        let pairs = candles.windows(2).map(move |pair| {
            let up = pair[1].high - pair[0].high;
            let down = pair[0].low - pair[1].low;
            let (this, that) = if is_up { (up, down) } else { (down, up) };
            if this > that && this > 0.0 { this } else { 0.0 }
        });
        pairs.collect()
    };
    let (up, down) = (sums(movement(true)), sums(movement(false)));
    let ranges = sums(candles.windows(2).map(range).collect());
    let quotients: Vec<f64> = up
        .iter()
        .zip(&down)
        .filter(|(up, down)| *up + *down > 0.0)
        .map(|(up, down)| 100.0 * (up - down).abs() / (up + down))
        .collect();
    let share = |movement: &[f64]| {
        let range = newest(&ranges).filter(|range| *range > 0.0)?;
        Some(100.0 * newest(movement)? / range)
    };
    vec![wilder(&quotients, length), share(&up), share(&down)]
}

fn typical(candle: &Candle) -> f64 {
    (candle.high + candle.low + candle.close) / 3.0
}

fn cci(candles: &[Candle], length: usize) -> Option<f64> {
    let prices: Vec<f64> = last(candles, length)?.iter().map(typical).collect();
    if prices.iter().all(|price| *price == prices[0]) {
        return None;
    }
    let mean_price = mean(&prices);
    let distances: Vec<f64> = prices.iter().map(|x| (x - mean_price).abs()).collect();
    Some((prices[length - 1] - mean_price) / (0.015 * mean(&distances)))
}

fn highest(candles: &[Candle]) -> f64 {
    let highs = candles.iter().map(|candle| candle.high);
    highs.fold(f64::NEG_INFINITY, f64::max)
}

fn lowest(candles: &[Candle]) -> f64 {
    let lows = candles.iter().map(|candle| candle.low);
    lows.fold(f64::INFINITY, f64::min)
}

fn donchian(candles: &[Candle], length: usize) -> Vec<Option<f64>> {
    bands(last(candles, length).map(|window| {
        let (upper, lower) = (highest(window), lowest(window));
        (f64::midpoint(upper, lower), (upper - lower) / 2.0)
    }))
}

fn macd(closes: &[f64], parameters: &[f64]) -> Vec<Option<f64>> {
    let (one, other) = (parameters[0] as usize, parameters[1] as usize);
    let (fast, slow) = (one.min(other), one.max(other));
    let from = closes.get(slow - fast..).unwrap_or_default();
    let (fast, slow) = (exponential(from, fast), exponential(closes, slow));
    let distances: Vec<f64> = fast.iter().zip(&slow).map(|(f, s)| f - s).collect();
    let macd = newest(&distances);
    let signal = newest(&exponential(&distances, parameters[2] as usize));
    vec![macd, signal, macd.zip(signal).map(|(m, s)| m - s)]
}

fn mfi(candles: &[Candle], length: usize) -> Option<f64> {
    let (mut inflow, mut outflow) = (0.0, 0.0);
    for pair in last(candles, length + 1)?.windows(2) {
        let (before, price) = (typical(&pair[0]), typical(&pair[1]));
        if price > before {
            inflow += price * pair[1].volume;
        } else if price < before {
            outflow += price * pair[1].volume;
        }
    }
    (inflow + outflow > 0.0).then(|| 100.0 - 100.0 / (1.0 + inflow / outflow))
}

fn obv(candles: &[Candle]) -> Option<f64> {
    let mut volume = candles.first()?.volume;
    for pair in candles.windows(2) {
        match pair[1].close.partial_cmp(&pair[0].close).unwrap() {
            std::cmp::Ordering::Greater => volume += pair[1].volume,
            std::cmp::Ordering::Less => volume -= pair[1].volume,
            std::cmp::Ordering::Equal => {}
        }
    }
    Some(volume)
}

fn rsi(closes: &[f64], length: usize) -> Option<f64> {
    let changes: Vec<f64> = closes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let gains: Vec<f64> = changes.iter().map(|change| change.max(0.0)).collect();
    let losses: Vec<f64> = changes.iter().map(|change| -change.min(0.0)).collect();
    let (gain, loss) = wilder(&gains, length).zip(wilder(&losses, length))?;
    (gain + loss > 0.0).then(|| 100.0 - 100.0 / (1.0 + gain / loss))
}

fn slope(closes: &[f64]) -> f64 {
    let numbers: Vec<f64> = (0..closes.len()).map(|number| number as f64).collect();
    let (mean_number, mean_close) = (mean(&numbers), mean(closes));
    let products = numbers
        .iter()
        .zip(closes)
        .map(|(number, close)| (number - mean_number) * (close - mean_close));
    let squares = numbers.iter().map(|number| (number - mean_number).powi(2));
    products.sum::<f64>() / squares.sum::<f64>()
}

fn stochastic(candles: &[Candle], parameters: &[f64]) -> Vec<Option<f64>> {
    let [length, smoothing, signal] = [0, 1, 2].map(|at: usize| parameters[at] as usize);
    let place = |end: usize| {
        let window = last(&candles[..end], length)?;
        let (upper, lower) = (highest(window), lowest(window));
        (upper > lower).then(|| 100.0 * (candles[end - 1].close - lower) / (upper - lower))
    };
    let k = |end: usize| {
        let places = (end.checked_sub(smoothing)? + 1..=end).map(place);
        places.collect::<Option<Vec<f64>>>().map(|all| mean(&all))
    };
    let end = candles.len();
    let d = end.checked_sub(signal).and_then(|from| {
        let averages = (from + 1..=end).map(k);
        averages.collect::<Option<Vec<f64>>>().map(|all| mean(&all))
    });
    vec![k(end), d]
}

fn vwap(bars: &[(Candle, UnixMs)], deviations: f64) -> Vec<Option<f64>> {
    let today = bars.last().map(|bar| bar.1);
    let day: Vec<(f64, f64)> = bars
        .iter()
        .filter(|bar| Some(bar.1) == today)
        .map(|(candle, _)| (typical(candle), candle.volume))
        .collect();
    let volume: f64 = day.iter().map(|(_, volume)| volume).sum();
    if volume == 0.0 {
        return vec![None; 3];
    }
    let value = day.iter().map(|(x, volume)| x * volume).sum::<f64>() / volume;
    let squares: f64 = day.iter().map(|(x, v)| v * (x - value).powi(2)).sum();
    let band = deviations * (squares / volume).sqrt();
    vec![Some(value), Some(value + band), Some(value - band)]
}
