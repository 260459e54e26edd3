//! Panics of other crates' decoders, which a damaged file may lead to, as errors.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is told as an error, so that nothing else is printed.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What `decode` gives. Where it panics, the error is what the panic says, and nothing is printed.
pub(super) fn caught<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static SILENCE: Once = Once::new();
    SILENCE.call_once(|| {
        let print = take_hook();
        set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                print(panic);
            }
        }));
    });
    let before = CAUGHT.replace(true);
    // What `decode` was changing goes with it.
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    CAUGHT.set(before);
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(text.unwrap_or("its decoder fails").to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_what_is_none_stays() {
        assert_eq!(caught(|| Ok(3)), Ok(3));
        assert_eq!(
            caught::<()>(|| Err("refused".into())),
            Err("refused".into())
        );
        let at = 7;
        assert_eq!(caught::<()>(|| panic!("at {at}")), Err("at 7".into()));
        assert_eq!(
            caught::<()>(|| panic!("out of bounds")),
            Err("out of bounds".into())
        );
        assert!(!CAUGHT.get());
    }
}
