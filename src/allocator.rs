//! The program's allocator: the system's, with a sentence where there is no memory left.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;

/// Passes every call on to the system. Rust's own answer to an allocation that fails is an abort with
/// a backtrace; this ends the program with a sentence and the exit status of a device without memory.
/// Files of a run are whole at any moment, so nothing but the steps since its checkpoint is lost.
pub(crate) struct Allocator;

/// The exit status of [`Error::Device`](nrae::error::Error::Device).
const STATUS: i32 = 2;

unsafe extern "C" {
    /// Ends the process at once: what else would run at its end may need memory.
    safe fn _exit(status: i32) -> !;
}

// SAFETY: every call is passed on to the system's allocator as it is, and what it gives is returned
// unless it is null.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as this call is.
        there(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as this call is.
        there(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as this call is.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as this call is.
        there(unsafe { System.realloc(pointer, layout, size) }, size)
    }
}

fn there(pointer: *mut u8, size: usize) -> *mut u8 {
    if pointer.is_null() {
        end(size);
    }
    pointer
}

/// Says that `size` bytes are not to be had, without taking any.
#[cold]
fn end(size: usize) -> ! {
    let mut text = [0; 256];
    let mut rest = &mut text[..];
    let _ = writeln!(
        rest,
        "nrae: {size} more bytes do not fit into memory: choose a smaller batch, network or data set; \
         of a run, `nrae resume` goes on from the last checkpoint"
    );
    let free = rest.len();
    let _ = std::io::stderr().write_all(&text[..text.len() - free]);
    _exit(STATUS)
}
