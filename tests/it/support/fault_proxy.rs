//! Stands between a client and a server and does them harm: delays, splits, swallows, flips bits, cuts.
//!
//! Faults hold for the direction from the server to the client, and for all connections. They can be changed at any time;
//! those that end a connection or flip a bit happen once, and then there are none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What is done to what the server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Every piece comes this much later.
    Delay(Duration),
    /// Every byte is written alone.
    Split,
    /// Nothing comes through any more, in either direction, and nobody is told.
    BlackHole,
    /// The lowest bit of the byte after so many more is flipped, once.
    FlipAfter(u64),
    /// After so many more bytes the client is told that the server has ended.
    EndAfter(u64),
    /// After so many more bytes the connection is reset.
    ResetAfter(u64),
}

/// A proxy on this machine.
pub struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    connections: Arc<AtomicU64>,
    /// Dropping it ends every connection.
    _runtime: Runtime,
}

impl Proxy {
    /// A proxy before a server, without faults.
    pub fn before(server: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (fault, changes) = watch::channel(Fault::None);
        let connections = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&connections);
        let once = fault.clone();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(pass(client, server, once.clone(), changes.clone()));
            }
        });
        Self {
            address,
            fault,
            connections,
            _runtime: runtime,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for `url=`.
    pub fn url(&self) -> String {
        format!("ws://localhost:{}", self.address.port())
    }

    /// From now on this is done.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many connections there have been.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn pass(
    client: TcpStream,
    server: SocketAddr,
    once: watch::Sender<Fault>,
    faults: watch::Receiver<Fault>,
) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let up = tokio::spawn(upwards(client_in, server_out, faults.clone()));
    downwards(server_in, client_out, once, faults).await;
    up.abort();
}

/// From the client to the server.
async fn upwards(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: watch::Receiver<Fault>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if *faults.borrow() == Fault::BlackHole {
            continue;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// From the server to the client.
async fn downwards(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    once: watch::Sender<Fault>,
    mut faults: watch::Receiver<Fault>,
) {
    let mut buffer = vec![0; 16 << 10];
    let mut passed = 0_u64;
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            if *faults.borrow() == Fault::BlackHole {
                // Not even the end comes through.
                std::future::pending::<()>().await;
            }
            return;
        };
        let piece = &mut buffer[..count];
        if faults.has_changed().unwrap_or(false) {
            passed = 0;
        }
        let fault = *faults.borrow_and_update();
        let before = passed;
        passed += count as u64;
        let within = |at: u64| (at >= before && at < passed).then(|| (at - before) as usize);
        let written = match fault {
            Fault::None => to.write_all(piece).await,
            Fault::BlackHole => Ok(()),
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                to.write_all(piece).await
            }
            Fault::Split => split(piece, &mut to).await,
            Fault::FlipAfter(at) => {
                if let Some(place) = within(at) {
                    piece[place] ^= 1;
                    once.send_replace(Fault::None);
                }
                to.write_all(piece).await
            }
            Fault::EndAfter(at) | Fault::ResetAfter(at) => match within(at) {
                None => to.write_all(piece).await,
                Some(place) => {
                    once.send_replace(Fault::None);
                    let last = to.write_all(&piece[..place]).await;
                    if matches!(fault, Fault::ResetAfter(_)) {
                        to.as_ref().set_zero_linger().ok();
                    } else {
                        to.shutdown().await.ok();
                        // The connection itself stays: the client alone sees the end.
                        std::future::pending::<()>().await;
                    }
                    return drop(last);
                }
            },
        };
        if written.is_err() {
            return;
        }
    }
}

async fn split(piece: &[u8], to: &mut OwnedWriteHalf) -> std::io::Result<()> {
    for byte in piece {
        to.write_all(&[*byte]).await?;
        to.flush().await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
