//! The system's allocator, counting what it is asked for between `begin` and `end`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

pub struct Counted;

static ASKED: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicI64 = AtomicI64::new(0);
static MOST: AtomicI64 = AtomicI64::new(0);

/// Counts from zero.
pub fn begin() {
    ASKED.store(0, Relaxed);
    HELD.store(0, Relaxed);
    MOST.store(0, Relaxed);
}

/// Bytes asked for since `begin`, and the most that was held at once.
pub fn end() -> (u64, u64) {
    (ASKED.load(Relaxed), MOST.load(Relaxed).max(0) as u64)
}

fn took(bytes: usize) {
    ASKED.fetch_add(bytes as u64, Relaxed);
    let held = HELD.fetch_add(bytes as i64, Relaxed) + bytes as i64;
    MOST.fetch_max(held, Relaxed);
}

// Safety: every call goes to the system's allocator as it came; counting touches only atomics.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() as i64, Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_sub(layout.size() as i64, Relaxed);
        took(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
