//! The CPU kernel of `shaders/max_pool.wgsl`.

use super::{CpuKernel, Float, Memory, for_chunks};
use crate::engine::ops::{MaxPool, Windows};

/// Where in a plane the largest value of a window is: the first one of several.
pub(super) fn largest<T: Float>(plane: &[T], w: &Windows, window: usize) -> usize {
    let first = window / w.output_width * w.stride * w.width + window % w.output_width * w.stride;
    let inside = (0..w.kernel * w.kernel).map(|i| first + i / w.kernel * w.width + i % w.kernel);
    inside.fold(
        first,
        |best, at| if plane[at] > plane[best] { at } else { best },
    )
}

impl<T: Float> CpuKernel<T> for MaxPool {
    fn run(&self, memory: &mut Memory<T>) {
        memory.write(self.output, |memory, output| {
            let (centres, w) = (memory.reals(self.centres), &self.windows);
            let (image, windows, size) = (
                w.image(),
                w.output_height * w.output_width,
                w.height * w.width,
            );
            for_chunks(output, self.slots * w.output(), |b, output| {
                let jet = &centres[b * self.slots * image..][..self.slots * image];
                for channel in 0..w.channels {
                    let plane = &jet[channel * size..][..size];
                    for window in 0..windows {
                        let at = largest(plane, w, window);
                        for slot in 0..self.slots {
                            output[slot * w.output() + channel * windows + window] =
                                jet[slot * image + channel * size + at];
                        }
                    }
                }
            });
        });
    }
}
