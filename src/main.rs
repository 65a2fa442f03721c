//! Arguments to exit code; all else is in the library.

use std::process::ExitCode;

/// Pages are read and dropped by the thousand on all threads, which the system's allocator serves less well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    use_small_pages();
    newswire::cli::main()
}

/// The kernel would zero 2 MB of memory at the first touch of one byte, and keep it: three times the memory for nothing
/// (`docs/operations.md`). Where it refuses, all works as well.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
