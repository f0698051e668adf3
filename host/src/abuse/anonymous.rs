//! How often clients may be registered without a token: by the server's options, or by attributes of the realm. There is
//! no limit unless one is set.

use std::net::IpAddr;

use matricula_realms::Realm;

use super::key;
use super::rate::{Rate, Used};
use crate::error::ErrorResponse;

/// The realm attribute for one address (of IPv6: one network of 64 bits).
pub(crate) const PER_ADDRESS: &str = "clientRegistration.anonymousPerAddress";
/// The realm attribute for all addresses together.
pub(crate) const PER_REALM: &str = "clientRegistration.anonymousPerRealm";
/// The value of an attribute that takes an option's limit away.
const NONE: &str = "none";

/// The limits, and who has used up how much.
#[derive(Clone)]
pub(crate) struct AnonymousLimits {
    per_address: Option<Rate>,
    per_realm: Option<Rate>,
    used: Used,
}

impl AnonymousLimits {
    /// Limits of realms that set none.
    pub(crate) fn new(per_address: Option<Rate>, per_realm: Option<Rate>) -> AnonymousLimits {
        AnonymousLimits { per_address, per_realm, used: Used::nothing() }
    }

    /// What is wrong with a value of one of the attributes; for the administrator.
    ///
    /// # Errors
    /// When it is neither a rate nor `none`.
    pub(crate) fn check(value: &str) -> Result<(), String> {
        if value == NONE { Ok(()) } else { value.parse::<Rate>().map(drop) }
    }

    /// What holds in a realm: for one address, and for all together.
    pub(crate) fn of(&self, realm: &Realm) -> (Option<Rate>, Option<Rate>) {
        let limit = |attribute: &str, option| {
            // Values are checked when they are set: what is no rate is `none`.
            realm.settings.attributes.get(attribute).map_or(option, |value| value.parse().ok())
        };
        (limit(PER_ADDRESS, self.per_address), limit(PER_REALM, self.per_realm))
    }

    /// Counts an anonymous registration, whatever becomes of it.
    ///
    /// # Errors
    /// 429 when the address or the realm has used up its limit.
    pub(crate) fn count(&self, realm: &Realm, address: IpAddr) -> Result<(), ErrorResponse> {
        let (per_address, per_realm) = self.of(realm);
        for (attribute, rate, address) in [(PER_ADDRESS, per_address, Some(address)), (PER_REALM, per_realm, None)] {
            if let Some(rate) = rate {
                let taken = self.used.take(key(&realm.id, attribute, address), rate);
                taken.map_err(|wait| {
                    let text = "Too many clients are registered without a token. Try again later, or with a token.";
                    ErrorResponse::too_many_requests(wait, text)
                })?;
            }
        }
        Ok(())
    }
}
