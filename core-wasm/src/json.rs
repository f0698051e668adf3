//! JSON documents, read the way Keycloak (Jackson) reads them and written without a detour.
//!
//! Reading is one pass over the bytes. [`read_object`] names each member, in order, to a function of the provider, which
//! takes the value in the type it wants; what it leaves is checked and skipped. The first problem wins. A member that
//! comes twice is named twice, so that the last one counts; `null` is `None` in every type.
//!
//! ```
//! # use matricula_core::json;
//! let mut enabled = None;
//! json::read_object(br#"{"enabled": "TRUE", "other": [1]}"#, |name, value| {
//!     match name {
//!         "enabled" => enabled = value.boolean()?,
//!         _ => {} // ignored, but still valid JSON
//!     }
//!     Ok(())
//! })
//! .unwrap();
//! assert_eq!(enabled, Some(true));
//! ```

mod read;
mod scan;
mod write;

pub use read::{Entries, Value, read_object};
pub use write::{List, Object, write_object};
