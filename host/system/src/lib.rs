//! What the operating system gives: the time, identifiers, randomness, and files that nobody else may read.

pub mod clock;
pub mod ids;
pub mod private_file;
pub mod random;
