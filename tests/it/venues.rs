//! Live venues, run by the real program against servers on this machine.

mod alpaca;
mod binance;
mod coinbase;
mod finnhub;
mod http;
mod keys;
mod kraken;
mod massive;
mod rig;
mod schwab;
mod staying;
mod websocket;
