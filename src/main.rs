//! Arguments to exit code; all else is in the library.

use std::process::ExitCode;

/// Pages are read and dropped by the thousand on all threads, which the system's allocator serves less well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    newswire::cli::main()
}
