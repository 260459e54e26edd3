//! A sentence where another program cuts a data file short that this one has mapped into memory.
//!
//! Reading beyond the new end of such a file raises SIGBUS, which nothing can go on from: the bytes are
//! not there. Files of a run are whole at any moment, so only the steps since its checkpoint are lost.

use crate::error::Error;
use std::ffi::{c_int, c_void};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Ends the process with a sentence that names the file, rather than by the signal alone.
pub(super) fn hear_of_files_cut_short() {
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = end;
    // SAFETY: all zeros are a valid `sigaction`: no flags, and an empty set of signals.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: `end` has the signature of a handler with SA_SIGINFO. What it does before it ends the process
    // may allocate and lock: this signal comes where the program reads mapped data, which is neither
    // within its allocator nor with standard error locked.
    unsafe { libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut()) };
}

extern "C" fn end(signal: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    static SAYS_IT: AtomicBool = AtomicBool::new(false);
    while SAYS_IT.swap(true, Relaxed) {
        // Another thread has met the same end, and ends them all.
        std::thread::park();
    }
    // SAFETY: with SA_SIGINFO the kernel passes what it knows of this signal.
    let address = unsafe { (*info).si_addr() } as usize;
    let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
    match file_at(&String::from_utf8_lossy(&maps), address) {
        Some(path) => {
            let error = Error::input(format!(
                "{path} has changed since it was read first, or can no longer be read: start again with what is there now"
            ));
            let _ = writeln!(std::io::stderr(), "nrae: {error}");
            // SAFETY: it ends the process at once; what other threads do needs no end of its own.
            unsafe { libc::_exit(error.exit_code().into()) }
        }
        None => {
            // SAFETY: the default action of a signal has no handler to hold to anything. It is taken when
            // this one returns, and ends the process as it would have.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
        }
    }
}

/// The path of the data file that is mapped at `address`, by lines of the form of `/proc/PID/maps`. Only
/// data are mapped to be read, by all who do so.
fn file_at(maps: &str, address: usize) -> Option<&str> {
    maps.lines().find_map(|line| {
        let (start, rest) = line.split_once('-')?;
        let (end, rest) = rest.split_once(' ')?;
        let bound = |text| usize::from_str_radix(text, 16).ok();
        let within = (bound(start)?..bound(end)?).contains(&address) && rest.starts_with("r--s");
        within.then(|| rest.find('/').map(|at| &rest[at..]))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_an_address_in_its_map() {
        let maps = "55e0-55f0 r-xp 00000000 fe:00 131 /usr/bin/nrae\n\
                    7f00-7f80 rw-p 00000000 00:00 0 \n\
                    7f80-8000 r--s 00000000 fe:00 977 /home/u/my data/x-y.npy\n";
        assert_eq!(file_at(maps, 0x7f80), Some("/home/u/my data/x-y.npy"));
        assert_eq!(file_at(maps, 0x55ef), None);
        assert_eq!(file_at(maps, 0x7f10), None);
        assert_eq!(file_at(maps, 0x8000), None);
    }
}
