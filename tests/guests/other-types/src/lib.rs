//! A component that calls its interface as the contract does, and has other functions in it.

/// Its world.
#[allow(missing_docs, clippy::all, unreachable_pub)]
mod contract {
    wit_bindgen::generate!({
        inline: "
            package matricula:registration@0.1.0;

            interface policies {
                record policy-provider {
                    id: string,
                    version: u32,
                }

                describe: func() -> list<policy-provider>;
            }

            world policy {
                export policies;
            }
        ",
        pub_export_macro: false,
    });
}

use contract::exports::matricula::registration::policies::{Guest, PolicyProvider};

/// The component.
struct OtherTypes;

impl Guest for OtherTypes {
    fn describe() -> Vec<PolicyProvider> {
        vec![PolicyProvider { id: "other-types".to_owned(), version: 1 }]
    }
}

#[cfg(target_arch = "wasm32")]
contract::export!(OtherTypes with_types_in contract);
