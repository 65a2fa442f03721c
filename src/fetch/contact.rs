//! Who we say we are.

use super::Settings;

/// The token that robots.txt addresses us by.
const PRODUCT: &str = "newswire";

/// The configured User-Agent; without one, a name that at least says what this is.
pub(super) fn user_agent(settings: &Settings) -> String {
    match settings.user_agent.trim() {
        "" => format!("{PRODUCT}/{}", env!("CARGO_PKG_VERSION")),
        configured => configured.to_owned(),
    }
}

/// The agent that robots.txt rules are read for: the first product token of the User-Agent.
pub(super) fn robots_agent(settings: &Settings) -> String {
    let agent = user_agent(settings);
    let token: String =
        agent.chars().take_while(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '_')).collect();
    if token.is_empty() { PRODUCT.to_owned() } else { token }
}
