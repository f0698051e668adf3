//! Signature algorithms of the profile (FAPI 2.0 Security Profile §5.4), and where a client names one.

/// Those that are allowed.
pub const ALLOWED: [&str; 3] = ["PS256", "ES256", "EdDSA"];

/// The one that is RS256 where it is not named.
pub const OF_ID_TOKENS: &str = "id.token.signed.response.alg";

/// The attributes of `*_signing_alg` and `*_signed_response_alg`.
pub const ATTRIBUTES: [&str; 7] = [
    OF_ID_TOKENS,
    "user.info.response.signature.alg",
    "authorization.signed.response.alg",
    "access.token.signed.response.alg",
    "request.object.signature.alg",
    "token.endpoint.auth.signing.alg",
    "ciba.backchannel.auth.request.signing.alg",
];

/// Those that an update of metadata removes when it does not name them (RFC 7592 §2.2; `docs/deviations.md` 10).
pub const REMOVED_UNLESS_NAMED: [&str; 3] =
    [OF_ID_TOKENS, "authorization.signed.response.alg", "token.endpoint.auth.signing.alg"];
