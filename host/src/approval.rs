//! Registrations that wait for an approval (draft-dellaert-oauth-approval-based-dcr-00): a caller that says so gets codes
//! instead of a client that a policy holds, and the client when an administrator has approved it.
//!
//! [`request`] reads what documents say of it, [`waiting`] answers 202, [`poll`] the questions that follow. What comes to
//! nothing goes through [`ending`]; [`expiry`] does that for those that nobody asks for. Administrators decide in
//! [`crate::admin::client_approvals`] and [`crate::admin::held`].

pub(crate) mod codes;
pub(crate) mod ending;
pub(crate) mod expiry;
pub(crate) mod pace;
pub(crate) mod poll;
pub(crate) mod request;
pub(crate) mod waiting;

/// The one provider whose documents have words for it.
const PROVIDER: &str = "openid-connect";

/// How clients may be registered, for discovery (`registration_modes_supported`).
pub(crate) const MODES: [&str; 2] = ["immediate", APPROVAL];
/// The mode of a caller that is ready to wait.
const APPROVAL: &str = "approval";
