//! Single sign-on: what an app does between the provider and the user's browser.
//!
//! A sign-on begins at the app's init URL: the app sends the browser to [`login`]'s URL and keeps the request's id in its
//! own session. The provider posts its response to the consume URL, where [`consume`] verifies it and tells who signed in.
//! From then on the app asks the [`session_check_url`] when the session's `recheck` has come. There is no single logout by
//! SAML: a user who leaves is sent to the [`logout_url`], and other apps learn it at their next recheck.

mod consume;
mod local;
mod login;
mod replays;
mod urls;

pub use consume::{Consume, consume, consume_for};
pub use local::local;
pub use login::{Login, login};
pub use replays::{MemoryReplays, Replays};
pub use urls::{logout_url, openid_provider_url, session_check_url, unauthorized_url};

pub use super::saml::{Fingerprints, Identity, Reason, certificate_fingerprint, normalize_fingerprint};
