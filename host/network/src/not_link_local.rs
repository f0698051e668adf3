//! The rule for addresses that administrators name: private ones are theirs to name, link-local ones are never called, as a
//! cloud's metadata service is there.

use std::net::SocketAddr;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::addresses::{is_link_local, literal};
use crate::names::Names;

/// Why such an address is not called.
pub const LINK_LOCAL: &str = "link-local addresses are never called";

/// Resolves names to every address but link-local ones.
pub struct NotLinkLocal {
    names: Names,
}

impl NotLinkLocal {
    /// Asks these names.
    pub fn new(names: Names) -> NotLinkLocal {
        NotLinkLocal { names }
    }
}

impl Resolve for NotLinkLocal {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.names.clone();
        Box::pin(async move {
            let found = names.addresses_of(name.as_str()).await;
            let allowed = found.iter().filter(|address| !is_link_local(**address));
            let allowed: Vec<SocketAddr> = allowed.map(|address| SocketAddr::new(*address, 0)).collect();
            match (allowed.is_empty(), found.is_empty()) {
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
                (true, true) => Err(format!("the name {} has no address", name.as_str()).into()),
                (true, false) => Err(LINK_LOCAL.into()),
            }
        })
    }
}

/// Whether a URL names a link-local address itself: it never reaches the resolver.
pub fn names_link_local(url: &Url) -> bool {
    url.host_str().and_then(literal).is_some_and(is_link_local)
}
