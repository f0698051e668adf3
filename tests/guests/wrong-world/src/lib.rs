//! A component of another world: it greets.

/// Its world.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        inline: "
            package test:greeting;

            interface greeter {
                greet: func(name: string) -> string;
            }

            world greeting {
                export greeter;
            }
        ",
        pub_export_macro: false,
    });
}

/// The component.
struct Greeter;

impl contract::exports::test::greeting::greeter::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(Greeter with_types_in contract);
