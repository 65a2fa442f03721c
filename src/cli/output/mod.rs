//! What a run shows: events on standard output, progress and the summary on standard error.

mod event;
mod progress;
mod summary;

pub use event::EventPrinter;
pub use progress::Progress;
pub use summary::Summary;
