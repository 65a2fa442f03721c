//! The hand-overs of the stages, by name, where a test may end or freeze the process. Nothing in a shipped binary.
//!
//! With the feature `failpoints`, `FAILPOINTS="publish-after-produce=5*off->return"` ends the process when it comes by
//! that place for the sixth time, and `1%return(stop)` stops it (SIGSTOP) at one passage in a hundred.

/// A place that a test may name. Without the feature this is nothing.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn pass(_point: &str) {}

/// A place that a test may name: the process ends or stops here where it was told to.
#[cfg(feature = "failpoints")]
pub fn pass(point: &str) {
    fail::fail_point!(point, |told| match told.as_deref() {
        Some("stop") => stop_here(),
        // No destructor and no farewell to the brokers: what SIGKILL leaves behind.
        _ => std::process::abort(),
    });
}

/// Whether a test set this word: another way for a whole run. Without the feature nothing is ever set.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn is_set(_word: &str) -> bool {
    false
}

/// Whether a test set this word: another way for a whole run.
#[cfg(feature = "failpoints")]
pub fn is_set(word: &str) -> bool {
    fail::eval(word, |_| ()).is_some()
}

/// Reads `FAILPOINTS`. Without the feature this is nothing.
pub fn read_environment() {
    #[cfg(feature = "failpoints")]
    std::mem::forget(fail::FailScenario::setup());
}

/// SIGSTOP to itself, whole: all threads, in the middle of what they do.
#[cfg(feature = "failpoints")]
fn stop_here() {
    let own = std::process::id().to_string();
    if let Err(e) = std::process::Command::new("kill").args(["-STOP", &own]).status() {
        tracing::error!(error = %e, "cannot stop itself");
    }
}
