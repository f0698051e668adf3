//! A panic is told before it ends the call: the host only sees that the code trapped, in frames without names.

use std::fmt::{self, Write};

use crate::Level;
use crate::contract::matricula::registration::facts;

/// Bytes of a message; more is cut off, so that telling of a panic does not run into a limit itself.
const LONGEST: usize = 2_000;

/// Lets panics be told, from the first call on. Every exported function begins with it.
pub fn report() {
    report_by(|line| facts::log(Level::Error, line));
}

/// The same for connectors, which may log and ask nothing.
#[cfg(feature = "connector")]
pub fn report_of_connector() {
    use crate::connector_contract::matricula::registration0_2_0::log;
    report_by(|line| log::write(log::Level::Error, line));
}

fn report_by(log: fn(&str)) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
            let mut line = Line(String::new());
            // A line that is full ends the writing, which is all that can go wrong.
            let _ = match info.location() {
                Some(place) => write!(line, "panicked at {}:{}: ", place.file(), place.line()),
                None => line.write_str("panicked: "),
            };
            let _ = line.write_str(text.unwrap_or("it says no more"));
            log(&line.0);
        }));
    });
}

/// A text that grows to a length and no further.
struct Line(String);

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LONGEST.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let cut = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.0.push_str(&text[..cut]);
        self.0.push('…');
        Err(fmt::Error)
    }
}
