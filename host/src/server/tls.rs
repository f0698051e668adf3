//! HTTPS without a proxy: certificate and key from files, read again when they change.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The two files.
#[derive(Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// How to encrypt. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ArcSwap<ServerConfig>>);

impl Tls {
    /// Reads a certificate with its chain and its private key, both PEM, and begins to watch them.
    ///
    /// # Errors
    /// When they cannot be read or do not belong together.
    pub(crate) fn open(certificate: &Path, key: &Path) -> anyhow::Result<Tls> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let seen = files.state();
        let current = Arc::new(ArcSwap::from_pointee(files.read()?));
        tokio::spawn(watch(files, seen, Arc::clone(&current)));
        Ok(Tls(current))
    }

    /// Agrees with a caller on how to encrypt.
    ///
    /// # Errors
    /// When it does not speak TLS 1.2 or 1.3, or goes away.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.0.load_full()).accept(stream).await
    }
}

/// Puts new files to use. Those that cannot be used are named in the log, and the ones before stay.
async fn watch(files: Files, mut seen: State, current: Arc<ArcSwap<ServerConfig>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let now = files.state();
        if now == seen {
            continue;
        }
        seen = now;
        match files.read() {
            Ok(config) => {
                current.store(Arc::new(config));
                tracing::info!(certificate = %files.certificate.display(), "the certificate was read again");
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "the certificate before stays in use"),
        }
    }
}

/// What tells that a file is another one: inode, length, seconds and nanoseconds of its last change; absent if there is
/// none.
type State = [Option<(u64, u64, i64, i64)>; 2];

impl Files {
    fn state(&self) -> State {
        [&self.certificate, &self.key].map(|file| {
            let file = std::fs::metadata(file).ok()?;
            Some((file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
        })
    }

    fn read(&self) -> anyhow::Result<ServerConfig> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("reading the certificate {}", self.certificate.display()))?;
        ensure!(!chain.is_empty(), "{} holds no certificate", self.certificate.display());
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .with_context(|| format!("reading the private key {}", self.key.display()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .with_context(|| format!("using {} with {}", self.certificate.display(), self.key.display()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}
