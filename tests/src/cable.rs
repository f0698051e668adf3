//! The connection between a server and its database, which a test can cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;

const WHOLE: u8 = 0;
const CUT: u8 = 1;
const STUCK: u8 = 2;

/// Forwards connections to a database.
pub struct Cable {
    state: Arc<AtomicU8>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    /// The database's address, through the cable.
    pub url: String,
}

impl Cable {
    /// A cable to the database at this address.
    ///
    /// # Errors
    /// When the address names no host and port, or there is no free port.
    pub fn to(url: &str) -> anyhow::Result<Cable> {
        let (before, rest) = url.rsplit_once('@').context("no user in the address")?;
        let (host, database) = rest.split_once('/').context("no database in the address")?;
        let target: SocketAddr = host.parse().context("no address and port")?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("{before}@{}/{database}", listener.local_addr()?);
        let cable = Cable { state: Arc::default(), open: Arc::default(), url };
        let (state, open) = (Arc::clone(&cable.state), Arc::clone(&cable.open));
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                // A connection that cannot be made is closed, as by a database that is gone.
                if state.load(Ordering::SeqCst) == CUT {
                    continue;
                }
                let Ok(far) = TcpStream::connect(target) else { continue };
                let both = [(&near, &far), (&far, &near)].map(|(from, to)| (from.try_clone(), to.try_clone()));
                for (from, to) in both {
                    let (Ok(from), Ok(to)) = (from, to) else { continue };
                    let state = Arc::clone(&state);
                    std::thread::spawn(move || forward(from, to, &state));
                }
                open.lock().unwrap_or_else(PoisonError::into_inner).extend([near, far]);
            }
        });
        Ok(cable)
    }

    /// Closes every connection; new ones are closed at once.
    pub fn cut(&self) {
        self.state.store(CUT, Ordering::SeqCst);
        for connection in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Connections stay open, and nothing comes through.
    pub fn block(&self) {
        self.state.store(STUCK, Ordering::SeqCst);
    }

    /// Everything comes through again.
    pub fn mend(&self) {
        self.state.store(WHOLE, Ordering::SeqCst);
    }
}

/// Copies bytes until a side closes.
fn forward(mut from: TcpStream, mut to: TcpStream, state: &AtomicU8) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(number) = from.read(&mut bytes) {
        while state.load(Ordering::SeqCst) == STUCK {
            std::thread::sleep(Duration::from_millis(10));
        }
        if number == 0 || to.write_all(&bytes[..number]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
