//! Where spans go: the one target that traces listen to, and the log does not.

/// The target of the spans.
pub const TARGET: &str = "matricula::trace";
