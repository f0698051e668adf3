//! A target for tests: remembers what it is asked and answers as it is told.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `POST /path?query`
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    async fn read(request: Request) -> Asked {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let line = format!("{} {}", parts.method, parts.uri);
        Asked { line, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// A header's value; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The server.
pub(crate) struct Stub {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Stub {
    /// Listens; `answer` is told the request and how many there were before.
    pub(crate) async fn start<R: IntoResponse>(
        answer: impl Fn(&Asked, usize) -> R + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<Stub> {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let log = Arc::clone(&asked);
        let serve = move |request: Request| {
            let (answer, log) = (answer.clone(), Arc::clone(&log));
            async move {
                let asked = Asked::read(request).await;
                let before = {
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push(asked.clone());
                    log.len() - 1
                };
                answer(&asked, before).into_response()
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(serve)).await });
        Ok(Stub { url, asked })
    }

    /// What it was asked until now.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A body that has no end within any limit.
pub(crate) fn endless() -> Body {
    Body::from_stream(futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 64 << 10])))
}
