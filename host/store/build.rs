//! Migrations are part of the program: it is made anew when there is another one.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
