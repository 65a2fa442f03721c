//! A child process that never outlives the test: killed when dropped, when the test binary ends with the child
//! in a static, and when the test binary itself is killed with SIGKILL.
//!
//! A second process, the watchdog, reads from a pipe that only the test process holds open. Whatever ends the
//! test process closes the pipe; the watchdog then kills the child and removes its scratch folder. (A parent
//! death signal would not do: it fires when the *thread* that started the child ends, and each test is a thread.)

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub struct Leashed {
    child: Child,
    watchdog: Child,
}

impl Leashed {
    /// Starts `command`. Where the test process dies, `scratch` is removed after the child was killed.
    pub fn start(command: &mut Command, scratch: Option<&Path>) -> std::io::Result<Leashed> {
        // A group of its own, so that Ctrl-C in a terminal ends the test and leaves the rest to the watchdog.
        let child = command.process_group(0).spawn()?;
        let watchdog = Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2""#, "watchdog"])
            .arg(child.id().to_string())
            .arg(scratch.unwrap_or(Path::new("")))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Leashed { child, watchdog })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name: `TERM`, `STOP`, `CONT`, `KILL`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(status.is_ok_and(|s| s.success()), "cannot send SIG{name} to process {}", self.id());
    }

    /// SIGKILL, and gone when this returns.
    pub fn kill(&mut self) {
        // Fails only where the process has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked for its state")
    }

    /// The exit status, or `None` where the process still runs after `limit`.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < limit {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.ended()
    }

    /// All of the child's standard output; for a child whose output is a pipe.
    pub fn read_stdout(&mut self) -> String {
        let mut text = String::new();
        let stdout = self.child.stdout.as_mut().expect("the child was started with a pipe");
        stdout.read_to_string(&mut text).expect("the output is UTF-8");
        text
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        // The watchdog first: once the child was waited for, its number may belong to another process.
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
        self.kill();
    }
}
