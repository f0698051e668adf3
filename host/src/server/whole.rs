//! A request's body that is read to its end even if nobody wants it: a caller that was refused early may still be sending
//! it, and its next request comes on the same connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// Bytes that are read and forgotten at most; the connection ends with more.
const LENGTH: usize = 1 << 20;
/// Time that they may take.
const TIME: Duration = Duration::from_secs(5);

/// The body; absent when it was dropped.
pub(super) struct Whole(Option<Incoming>);

impl Whole {
    pub(super) fn new(body: Incoming) -> Whole {
        Whole(Some(body))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(TIME, async move {
                let mut rest = Limited::new(body, LENGTH);
                while let Some(Ok(_)) = rest.frame().await {}
            }));
        }
    }
}
