//! Bindings are made anew when the contract has changed.

fn main() {
    println!("cargo::rerun-if-changed=../../wit");
}
