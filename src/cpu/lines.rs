//! Lines of images and of tiles: the innermost loops of convolutions.

use super::Float;

/// Calls `body(length)`, which must be inlined. Where the compiler knows the length of a line, it
/// needs no loop for it.
#[inline(always)]
pub(super) fn with_known(length: usize, body: impl FnOnce(usize)) {
    match length {
        2 => body(2),
        4 => body(4),
        7 => body(7),
        8 => body(8),
        14 => body(14),
        16 => body(16),
        32 => body(32),
        _ => body(length),
    }
}

/// The terms d0 - d1, d1, d2 - d1 of every tile in a line of one phase, whose pixels lie `stride`
/// apart.
#[inline(always)]
pub(super) fn differences<T: Float>(
    from: &[T],
    stride: usize,
    wide: usize,
    [first, second, third]: [&mut [T]; 3],
) {
    with_known(
        wide,
        #[inline(always)]
        |wide| {
            let from = &from[..2 * wide * stride + 1];
            let to = first[..wide]
                .iter_mut()
                .zip(&mut second[..wide])
                .zip(&mut third[..wide]);
            for (t, ((first, second), third)) in to.enumerate() {
                let [d0, d1, d2] = [0, 1, 2].map(|k| from[(2 * t + k) * stride]);
                (*first, *second, *third) = (d0 - d1, d1, d2 - d1);
            }
        },
    );
}

/// The adjoint of [`differences`].
#[inline(always)]
pub(super) fn differences_adjoint<T: Float>(
    [first, second, third]: [&[T]; 3],
    stride: usize,
    wide: usize,
    to: &mut [T],
) {
    with_known(
        wide,
        #[inline(always)]
        |wide| {
            let to = &mut to[..2 * wide * stride + 1];
            let mut before = T::default();
            for (t, ((first, second), third)) in first[..wide]
                .iter()
                .zip(&second[..wide])
                .zip(&third[..wide])
                .enumerate()
            {
                to[2 * t * stride] = *first + before;
                to[(2 * t + 1) * stride] = *second - *first - *third;
                before = *third;
            }
            to[2 * wide * stride] = before;
        },
    );
}

/// The outputs m0 + m1 and m1 + m2 of every tile in a line, plus `shift`. The last tile may have
/// only one.
#[inline(always)]
pub(super) fn pairs<T: Float>([first, second, third]: [&[T]; 3], shift: T, to: &mut [T]) {
    let whole = to.len() / 2;
    with_known(
        whole,
        #[inline(always)]
        |whole| {
            let from = first[..whole]
                .iter()
                .zip(&second[..whole])
                .zip(&third[..whole]);
            for (to, ((first, second), third)) in to[..2 * whole].chunks_exact_mut(2).zip(from) {
                to[0] = *first + *second + shift;
                to[1] = *second + *third + shift;
            }
        },
    );
    if to.len() % 2 == 1 {
        to[2 * whole] = first[whole] + second[whole] + shift;
    }
}

/// The adjoint of [`pairs`].
#[inline(always)]
pub(super) fn pairs_adjoint<T: Float>(from: &[T], [first, second, third]: [&mut [T]; 3]) {
    let whole = from.len() / 2;
    with_known(
        whole,
        #[inline(always)]
        |whole| {
            let to = first[..whole]
                .iter_mut()
                .zip(&mut second[..whole])
                .zip(&mut third[..whole]);
            for (from, ((first, second), third)) in from[..2 * whole].chunks_exact(2).zip(to) {
                (*first, *second, *third) = (from[0], from[0] + from[1], from[1]);
            }
        },
    );
    if let (1, Some(last)) = (from.len() % 2, from.last()) {
        (first[whole], second[whole], third[whole]) = (*last, *last, T::default());
    }
}

/// A line plus `shift`.
#[inline(always)]
pub(super) fn add_line<T: Float>(from: &[T], shift: T, to: &mut [T]) {
    with_known(
        from.len(),
        #[inline(always)]
        |length| {
            to[..length]
                .iter_mut()
                .zip(&from[..length])
                .for_each(|(to, from)| *to = *from + shift)
        },
    );
}

/// Three equally long parts.
#[inline(always)]
pub(super) fn thirds<T>(values: &mut [T]) -> [&mut [T]; 3] {
    let (first, rest) = values.split_at_mut(values.len() / 3);
    let (second, third) = rest.split_at_mut(rest.len() / 2);
    [first, second, third]
}
