//! Who was wrong about the verification code of a registration that waits: after ten in a row in a realm, by one user or
//! from one address, there is a pause of a minute at least.

use std::net::IpAddr;
use std::time::Duration;

use super::guesses::{Guesses, Try};
use super::key;
use crate::error::ErrorResponse;

/// The first pause; each next one is twice as long.
const FIRST: Duration = Duration::from_secs(60);
/// The longest one.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Everybody who was wrong lately.
#[derive(Clone)]
pub(crate) struct WrongCodes(Guesses);

/// Somebody who names a code: as a user, and as an address.
pub(crate) struct NamesCode<'a>([Try<'a>; 2]);

impl WrongCodes {
    /// Nobody was wrong yet.
    pub(crate) fn none() -> WrongCodes {
        WrongCodes(Guesses::with_pauses(FIRST, LONGEST))
    }

    /// Lets a try begin.
    ///
    /// # Errors
    /// 429 when this user or address must pause.
    pub(crate) fn begin(&self, realm_id: &str, user: &str, address: IpAddr) -> Result<NamesCode<'_>, ErrorResponse> {
        let pause = |wait| ErrorResponse::too_many_requests(wait, "Too many wrong codes. Try again later.");
        let of_user = self.0.begin_of(key(realm_id, &format!("code/{user}"), None)).map_err(pause)?;
        let of_address = self.0.begin_of(key(realm_id, "code", Some(address))).map_err(pause)?;
        Ok(NamesCode([of_user, of_address]))
    }
}

impl NamesCode<'_> {
    /// Notes how it went.
    pub(crate) fn end(self, right: bool) {
        self.0.into_iter().for_each(|attempt| attempt.end(right));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_ten_wrong_codes_the_user_and_the_address_pause_for_a_minute() {
        let codes = WrongCodes::none();
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let begin =
            |realm: &str, user: &str, address| codes.begin(realm, user, address).map_err(|error| error.status());
        for _ in 0..10 {
            assert!(begin("realm", "ann", here).map(|attempt| attempt.end(false)).is_ok());
        }
        for (user, address) in [("ann", here), ("ann", there), ("bob", here)] {
            assert_eq!(
                begin("realm", user, address).err().map(|status| status.as_u16()),
                Some(429),
                "{user} {address}"
            );
        }
        assert!(begin("realm", "bob", there).is_ok());
        assert!(begin("other", "ann", here).is_ok());
    }
}
