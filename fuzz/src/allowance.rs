//! How much memory a reader may take.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The system's allocator, which aborts where a reader holds more than a multiple of its input. What
/// a file may grow to when it is unpacked is inside: deflate packs up to 1032 bytes into one.
pub struct Allowance;

/// For each byte of the input ...
const MULTIPLE: usize = 4096;
/// ... and whatever the input; ...
const ROOM: usize = 64 << 20;
/// ... of a picture, which may have one colour throughout, as much as a reader allows for it, decoded and as planes.
const PICTURE: usize = 1 << 30;

static HELD: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Allowance {
    /// From here on what is held may grow by what `length` bytes may take, of pictures or not.
    pub fn begin(length: usize, pictures: bool) {
        let room = if pictures { PICTURE } else { ROOM };
        LIMIT.store(HELD.load(Relaxed) + room + MULTIPLE * length, Relaxed);
    }

    /// The fuzzer itself may take what it likes.
    pub fn end() {
        LIMIT.store(usize::MAX, Relaxed);
    }

    fn take(size: usize) {
        let held = HELD.fetch_add(size, Relaxed).wrapping_add(size);
        if held > LIMIT.load(Relaxed) {
            Self::end();
            eprintln!("allocation of {size} bytes: {held} are held, more than the input allows");
            std::process::abort();
        }
    }
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Allowance {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::take(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::take(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        HELD.fetch_sub(layout.size(), Relaxed);
        Self::take(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
