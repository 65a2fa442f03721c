//! How a command fails, and the exit code that says so.

use std::{fmt::Display, io, process::ExitCode};

/// Exit codes: 0 done, 1 failed, 2 wrong usage or config.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for cannot be started: each problem a line.
    Usage(Vec<String>),
    /// It was started and went wrong.
    Failed(String),
    /// Whoever read our output has seen enough.
    ClosedPipe,
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage(vec![message.into()])
    }

    pub fn all(problems: impl IntoIterator<Item = impl Display>) -> Failure {
        Failure::Usage(problems.into_iter().map(|problem| problem.to_string()).collect())
    }

    pub fn report(self) -> ExitCode {
        ExitCode::from(self.tell())
    }

    /// Says what it was; gives the exit code.
    pub fn tell(self) -> u8 {
        let (lines, code) = match self {
            Failure::ClosedPipe => return 0,
            Failure::Usage(problems) => (problems, 2),
            Failure::Failed(message) => (vec![message], 1),
        };
        for line in lines {
            eprintln!("newswire: {line}");
        }
        code
    }
}

/// Of writing to standard output; reading says what it read.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Failed(error.to_string()),
        }
    }
}
