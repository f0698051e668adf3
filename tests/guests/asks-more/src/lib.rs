//! A component that asks an interface of the contract for a function that is not in it.

/// Its world.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        inline: "
            package matricula:registration@0.1.0;

            interface facts {
                weather: func() -> string;
            }

            interface policies {
                describe: func() -> list<string>;
            }

            world policy {
                import facts;
                export policies;
            }
        ",
        pub_export_macro: false,
    });
}

/// The component.
struct AsksMore;

impl contract::exports::matricula::registration::policies::Guest for AsksMore {
    fn describe() -> Vec<String> {
        vec![contract::matricula::registration::facts::weather()]
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(AsksMore with_types_in contract);
