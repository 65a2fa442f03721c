//! Arguments to exit code; all else is in the library.

use libmimalloc_sys::{mi_option_get, mi_option_set_default, mi_option_t, mi_option_use_numa_nodes};
use std::ffi::c_long;
use std::process::ExitCode;

/// Pages are read and dropped by the thousand on all threads, which the system's allocator serves less well.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    use_small_pages();
    give_memory_back();
    newswire::cli::main()
}

/// The kernel would zero 2 MB of memory at the first touch of one byte, and keep it: three times the memory for nothing
/// (`docs/operations.md`). Where it refuses, all works as well.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// `mi_option_purge_delay`, milliseconds, which the binding does not name: it stands before this one.
const PURGE_DELAY: mi_option_t = mi_option_use_numa_nodes - 1;
const DEFAULT_DELAY: c_long = 1000;
const DELAY: c_long = 20;

/// Freed memory goes back to the kernel after 20 ms. mimalloc 3 keeps it for a second, in which hundreds of pages are read:
/// that was a quarter of the peak (`docs/ARCHITECTURE.md`, Measured). `MIMALLOC_PURGE_DELAY` wins.
fn give_memory_back() {
    // SAFETY: both calls take any number, and an option only says how soon memory is given back. Another default is that of
    // another option, or of a release that knows better.
    unsafe {
        if mi_option_get(PURGE_DELAY) == DEFAULT_DELAY {
            mi_option_set_default(PURGE_DELAY, DELAY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_still_the_one_that_is_meant() {
        give_memory_back();
        // SAFETY: only reads a number.
        assert_eq!(unsafe { mi_option_get(PURGE_DELAY) }, DELAY, "a mimalloc with other options or defaults");
    }
}
