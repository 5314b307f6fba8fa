//! The reading side of the terminal, which can be held up.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};

use crossbeam_channel::{Receiver, unbounded};

/// Whether the terminal takes what the program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taking {
    Everything,
    /// One more piece, then nothing until further notice.
    OneMore,
    /// Nothing until further notice.
    Nothing,
    /// The terminal is about to go.
    Closed,
}

/// The reading side, which can be held up.
#[derive(Debug)]
pub struct Gate {
    taking: Mutex<Taking>,
    changed: Condvar,
}

impl Gate {
    /// A gate that lets everything through.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            taking: Mutex::new(Taking::Everything),
            changed: Condvar::new(),
        })
    }

    pub fn set(&self, taking: Taking) {
        *self.taking.lock().unwrap() = taking;
        self.changed.notify_all();
    }

    /// Waits while nothing is taken; tells whether to go on.
    fn pass(&self) -> bool {
        let mut taking = self.taking.lock().unwrap();
        if *taking == Taking::OneMore {
            *taking = Taking::Nothing;
        }
        let taking = self
            .changed
            .wait_while(taking, |taking| *taking == Taking::Nothing)
            .unwrap();
        *taking != Taking::Closed
    }

    pub fn is_holding(&self) -> bool {
        *self.taking.lock().unwrap() == Taking::Nothing
    }
}

/// Passes on what is read, as long as the gate lets it.
pub fn read_on(mut reader: Box<dyn Read + Send>, gate: Arc<Gate>) -> Receiver<Vec<u8>> {
    let (pieces, output) = unbounded();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while gate.pass() {
            match reader.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    if pieces.send(buffer[..length].to_vec()).is_err() {
                        return;
                    }
                }
            }
        }
    });
    output
}
