//! Times as people read them.

use matricula_system::clock;

/// Unix seconds, in UTC.
pub(crate) fn moment(seconds: i64) -> String {
    match time::OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(time) => format!("{} {:02}:{:02} UTC", time.date(), time.hour(), time.minute()),
        Err(_) => seconds.to_string(),
    }
}

/// How long ago this was, or when it will be: Unix milliseconds.
pub(crate) fn ago(milliseconds: i64) -> String {
    let seconds = (clock::now_ms() - milliseconds) / 1000;
    let span = match seconds.abs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds if seconds < 172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    };
    if seconds < 0 { format!("in {span}") } else { format!("{span} ago") }
}
