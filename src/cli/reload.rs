//! Rules are data, and data changes while the worker runs: on SIGHUP or when a file changed, they are read again.
//!
//! ```text
//! SIGHUP, or another state of the folder twice in a row -> read again -> good: swapped, bad: the old one stays
//! ```
//!
//! The folder is looked at, not watched by the kernel: that also sees a ConfigMap's swapped link and a network drive.

use crate::telemetry;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Two equal looks make a change: half-written files are left alone, and it is taken up within twice this.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Something that can be read again while the worker runs.
pub struct Reloadable {
    /// `taxonomy`, `publishers`: the label of the metric.
    pub what: &'static str,
    pub folder: PathBuf,
    /// Reads and swaps; gives the version that holds now, or every problem, and then nothing was swapped.
    pub reload: Box<dyn FnMut() -> Result<String, Vec<String>> + Send>,
}

/// Files with what tells one state from another.
type State = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// One thing with what was seen of its folder.
struct Watched {
    thing: Reloadable,
    taken_up: State,
    last_look: State,
}

impl Watched {
    fn new(thing: Reloadable) -> Watched {
        let state = state_of(&thing.folder);
        Watched { thing, taken_up: state.clone(), last_look: state }
    }

    /// True once the folder is in another state than the one taken up, and was so at the last look already.
    fn has_changed(&mut self) -> bool {
        let now = state_of(&self.thing.folder);
        let is_settled = now == self.last_look;
        self.last_look = now;
        is_settled && self.last_look != self.taken_up
    }

    fn reload(&mut self) {
        // Taken before the files are read: what changes meanwhile is seen as a change at the next look.
        self.taken_up = state_of(&self.thing.folder);
        let (what, folder) = (self.thing.what, self.thing.folder.display().to_string());
        match (self.thing.reload)() {
            Ok(version) => {
                telemetry::reloaded(what, true);
                tracing::info!(what, folder, version, "reloaded");
            }
            Err(problems) => {
                telemetry::reloaded(what, false);
                let (count, first) = (problems.len(), problems.first().cloned().unwrap_or_default());
                tracing::error!(what, folder, problems = count, first, "reload_refused");
            }
        }
    }
}

/// Until `stop`; each thing on a blocking thread, because compiling a taxonomy takes its time.
pub async fn watch(things: Vec<Reloadable>, stop: CancellationToken) {
    let mut hang_up = match signal(SignalKind::hangup()) {
        Ok(hang_up) => hang_up,
        Err(e) => return tracing::error!(error = %e, "reload_impossible"),
    };
    let mut watched: Vec<Watched> = things.into_iter().map(Watched::new).collect();
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let is_asked_for = tokio::select! {
            _ = look.tick() => false,
            _ = hang_up.recv() => true,
            () = stop.cancelled() => return,
        };
        let done = tokio::task::spawn_blocking(move || {
            for each in &mut watched {
                if is_asked_for || each.has_changed() {
                    each.reload();
                }
            }
            watched
        });
        // A reader that panics must not end the worker; there is nothing left to watch then.
        watched = match done.await {
            Ok(watched) => watched,
            Err(e) => return tracing::error!(error = %e, "reload_impossible"),
        };
    }
}

/// The folder's rule files, through links. A folder that is away has none.
fn state_of(folder: &Path) -> State {
    let Ok(entries) = std::fs::read_dir(folder) else { return State::new() };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let mut state: State = files
        .filter_map(|path| {
            let metadata = std::fs::metadata(&path).ok()?;
            Some((path, metadata.modified().ok(), metadata.len()))
        })
        .collect();
    state.sort();
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    fn watched(folder: &Path) -> (Watched, Arc<Mutex<Vec<String>>>) {
        let read = Arc::new(Mutex::new(Vec::new()));
        let reads = read.clone();
        let file = folder.join("a.toml");
        let reload = move || {
            let text = std::fs::read_to_string(&file).map_err(|e| vec![e.to_string()])?;
            if text.contains("broken") {
                return Err(vec!["a.toml:1: broken".to_owned()]);
            }
            reads.lock().unwrap().push(text.clone());
            Ok(text)
        };
        let thing = Reloadable { what: "taxonomy", folder: folder.to_owned(), reload: Box::new(reload) };
        (Watched::new(thing), read)
    }

    #[test]
    fn a_changed_file_is_read_when_it_has_settled_and_a_broken_one_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("a.toml"), text).unwrap();
        write("one");
        let (mut watched, read) = watched(folder.path());
        assert!(!watched.has_changed());
        write("another");
        assert!(!watched.has_changed(), "it may be half written");
        assert!(watched.has_changed());
        watched.reload();
        assert!(!watched.has_changed(), "taken up");
        write("broken, and longer");
        assert!(!watched.has_changed() && watched.has_changed());
        watched.reload();
        assert!(!watched.has_changed() && !watched.has_changed(), "said once, not every second");
        assert_eq!(*read.lock().unwrap(), ["another"]);
    }
}
