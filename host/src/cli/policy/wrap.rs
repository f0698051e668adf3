//! `matricula policy wrap`: a module that cargo built becomes a component.

use std::path::Path;

use anyhow::Context;
use wit_component::ComponentEncoder;

/// Writes the component.
///
/// # Errors
/// The module cannot be read, or was not built with the bindings of the contract.
pub(super) fn wrap(module: &Path, output: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(module).with_context(|| format!("reading {}", module.display()))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|mut encoder| encoder.encode())
        .with_context(|| format!("{} can't become a component", module.display()))?;
    std::fs::write(output, component).with_context(|| format!("writing {}", output.display()))
}
