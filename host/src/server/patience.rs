//! A connection whose other end is not waited for for ever: it must begin to speak, and take what it is sent.
//!
//! In between hyper counts itself: the head of a request has its time, and so has a body (`document.rs`).

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes after which it is known which version of HTTP is spoken: the preface of HTTP/2 (RFC 9113 §3.4). Until then
/// nobody else counts the time.
const BEGINNING: usize = 24;

/// A connection with the times that its other end has.
pub(super) struct Patient<S> {
    stream: S,
    /// Bytes of the beginning that have not come yet.
    unheard: usize,
    /// Until when they must have come.
    begins: Pin<Box<Sleep>>,
    /// Until when something of what waits to be sent must have been taken; absent: nothing waits.
    takes: Option<Pin<Box<Sleep>>>,
    take_time: Duration,
}

impl<S> Patient<S> {
    /// A new connection.
    pub(super) fn new(stream: S, begin_time: Duration, take_time: Duration) -> Patient<S> {
        Patient { stream, unheard: BEGINNING, begins: Box::pin(sleep(begin_time)), takes: None, take_time }
    }

    /// What came of sending: when nothing is taken, the time begins to count.
    fn taken<T>(&mut self, context: &mut Context<'_>, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if sent.is_ready() {
            self.takes = None;
            return sent;
        }
        let time = self.take_time;
        let takes = self.takes.get_or_insert_with(|| Box::pin(sleep(time)));
        match takes.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let heard = Pin::new(&mut self.stream).poll_read(context, into);
        self.unheard = self.unheard.saturating_sub(into.filled().len() - before);
        if heard.is_pending() && self.unheard > 0 && self.begins.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        heard
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.taken(context, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.taken(context, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_flush(context);
        self.taken(context, sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_shutdown(context);
        self.taken(context, sent)
    }
}
