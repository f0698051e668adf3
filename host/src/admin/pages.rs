//! Long lists: JSON that is sent while the rest of it is still being read, so that memory holds one page whatever the
//! length.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::not_stored;
use crate::error::ErrorResponse;
use tracing::Instrument as _;

/// Entries that are read at a time.
pub(super) const ENTRIES: i64 = 200;

/// A list that is read page by page.
pub(super) trait Pages: Send + 'static {
    /// The next entries as JSON, with commas between them; `None` behind the last ones.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, ErrorResponse>> + Send;
}

/// The list as an answer. What fails after the first page cuts the answer short.
///
/// # Errors
/// When the first page cannot be read.
pub(super) async fn answer(mut pages: impl Pages) -> Result<Response, ErrorResponse> {
    let mut body = vec![b'['];
    let first = pages.next().await?;
    // Behind the last page there is nothing to ask for.
    let second = if first.is_some() { pages.next().await? } else { None };
    body.extend(first.unwrap_or_default());
    let body = match second {
        None => {
            body.push(b']');
            Body::from(body)
        }
        Some(second) => {
            body.push(b',');
            body.extend(second);
            let (sender, receiver) = mpsc::channel(1);
            tokio::spawn(send(pages, body, sender).in_current_span());
            Body::new(Stream(receiver))
        }
    };
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok(not_stored((json, body).into_response()))
}

/// Sends what is left, as fast as it is taken.
async fn send(mut pages: impl Pages, first: Vec<u8>, sender: mpsc::Sender<Result<Bytes, CutShort>>) {
    let mut page = first;
    // A caller that went away needs no more of it.
    while sender.send(Ok(page.into())).await.is_ok() {
        match pages.next().await {
            Ok(Some(next)) => {
                page = vec![b','];
                page.extend(next);
            }
            Ok(None) => {
                let _ = sender.send(Ok(Bytes::from_static(b"]"))).await;
                return;
            }
            Err(error) => {
                tracing::error!(reason = error.reason(), "a list was cut short");
                let _ = sender.send(Err(CutShort)).await;
                return;
            }
        }
    }
}

/// The rest cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the rest of the list cannot be read")]
struct CutShort;

/// The body whose pieces come from a task.
struct Stream(mpsc::Receiver<Result<Bytes, CutShort>>);

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
