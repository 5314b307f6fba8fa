//! A websocket server that answers subscriptions and then sends what was encoded beforehand.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::frames::Feed;

/// At a steady rate, frames go out this often.
const BEAT: Duration = Duration::from_millis(5);

/// The server. It serves one client, and ends by itself.
pub(super) struct Server {
    port: u16,
    frames: usize,
    began: Receiver<Instant>,
    ended: Receiver<Instant>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    /// Listens on a free port of the loopback address; as fast as the client takes the frames, or so many a second.
    pub fn start(feed: &Feed, rate: Option<u32>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let (began_sender, began) = bounded(1);
        let (ended_sender, ended) = bounded(1);
        let job = Job {
            wire: Arc::clone(&feed.wire),
            ends: Arc::clone(&feed.ends),
            symbols: feed.symbols.len(),
            rate,
            began: began_sender,
            ended: ended_sender,
        };
        let thread = thread::Builder::new()
            .name("bench server".into())
            .spawn(move || job.serve(&listener))?;
        Ok(Self {
            port,
            frames: feed.frames,
            began,
            ended,
            thread,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn frames(&self) -> usize {
        self.frames
    }

    /// When the first frame went out.
    pub fn began(&self, patience: Duration) -> anyhow::Result<Instant> {
        Ok(self.began.recv_timeout(patience)?)
    }

    /// When the last frame went out.
    pub fn ended(&self, patience: Duration) -> anyhow::Result<Instant> {
        Ok(self.ended.recv_timeout(patience)?)
    }

    /// Waits for its end: the client has gone.
    pub fn join(self) -> anyhow::Result<()> {
        self.thread
            .join()
            .map_err(|_| anyhow::anyhow!("the bench's server has failed"))?
    }
}

struct Job {
    wire: Arc<Vec<u8>>,
    ends: Arc<Vec<usize>>,
    symbols: usize,
    rate: Option<u32>,
    began: Sender<Instant>,
    ended: Sender<Instant>,
}

impl Job {
    fn serve(&self, listener: &TcpListener) -> anyhow::Result<()> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut socket = tungstenite::accept(stream)?;
        self.answer_subscriptions(&mut socket)?;
        self.began.send(Instant::now())?;
        let sent = match self.rate {
            None => socket.get_mut().write_all(&self.wire),
            Some(rate) => self.send_steadily(socket.get_mut(), rate),
        };
        self.ended.send(Instant::now())?;
        sent?;
        // The client leaves when it has what it wants.
        while let Ok(message) = socket.read() {
            if message.is_close() {
                break;
            }
        }
        Ok(())
    }

    /// Answers as Binance and Kraken do, until every symbol has been asked for.
    fn answer_subscriptions(&self, socket: &mut WebSocket<TcpStream>) -> anyhow::Result<()> {
        let mut asked = 0;
        while asked < self.symbols {
            let message = socket.read()?;
            let Ok(text) = message.to_text() else {
                continue;
            };
            let Ok(request) = serde_json::from_str::<serde_json::Value>(text) else {
                continue;
            };
            let listed = [&request["params"], &request["params"]["symbol"]]
                .into_iter()
                .find_map(|list| list.as_array().map(Vec::len));
            asked += listed.unwrap_or(0);
            if let Some(id) = request.get("id") {
                let answer = serde_json::json!({ "result": null, "id": id });
                socket.send(Message::text(answer.to_string()))?;
            } else {
                socket.send(Message::text("{\"channel\":\"heartbeat\"}"))?;
            }
        }
        Ok(())
    }

    fn send_steadily(&self, stream: &mut TcpStream, rate: u32) -> std::io::Result<()> {
        let start = Instant::now();
        let mut sent = 0;
        while sent < self.ends.len() {
            let due = (start.elapsed().as_secs_f64() * f64::from(rate)) as usize;
            let due = due.min(self.ends.len());
            if due > sent {
                let from = sent.checked_sub(1).map_or(0, |before| self.ends[before]);
                stream.write_all(&self.wire[from..self.ends[due - 1]])?;
                sent = due;
            }
            thread::sleep(BEAT);
        }
        Ok(())
    }
}
