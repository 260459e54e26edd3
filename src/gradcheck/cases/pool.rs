//! Pooling and upsampling.

use super::images::Images;
use super::{Case, CaseShape};
use crate::engine::Recording;
use crate::engine::ops::{
    AveragePool, AveragePoolAdjoint, MaxPool, MaxPoolAdjoint, Upsample, UpsampleAdjoint, Windows,
};

pub(super) fn cases(extents: CaseShape) -> Vec<Case> {
    let images = Images::from(extents);
    let (rows, slots, channels) = (images.rows, images.slots, images.inputs);
    let mut cases = Vec::new();
    for (height, width, kernel, stride) in [
        (6, 6, 2, 2),
        (7, 5, 3, 2),
        (5, 5, 3, 1),
        (4, 3, 2, 3),
        (images.height, images.width, images.kernel, images.stride),
    ] {
        let side = |side: usize| (side - kernel) / stride + 1;
        let windows = Windows {
            channels,
            height,
            width,
            output_height: side(height),
            output_width: side(width),
            kernel,
            stride,
        };
        cases.extend([
            max_pool(windows, rows, slots),
            max_pool_transpose(windows, rows),
            average_pool(windows, rows),
        ]);
    }
    for align_corners in [true, false] {
        for (height, width) in [(3, 4), (1, 2), (5, 1)] {
            cases.push(upsample(rows * channels, height, width, align_corners));
        }
    }
    cases
}

fn max_pool(windows: Windows, batch: usize, slots: usize) -> Case {
    let mut r = Recording::default();
    let rows = batch * slots;
    let [centres, d_input] =
        ["centres", "d_input"].map(|name| r.reals(name, rows * windows.image()));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, rows * windows.output()));
    r.push(
        "max pool",
        MaxPool {
            centres,
            output,
            batch,
            slots,
            windows,
        },
    );
    r.push(
        "adjoint",
        MaxPoolAdjoint {
            centres,
            d_output,
            d_input,
            batch,
            group: slots,
            count: slots,
            windows,
        },
    );
    let name = format!(
        "max pool {}x{} kernel {}, stride {}",
        windows.height, windows.width, windows.kernel, windows.stride
    );
    Case::new(name, r, output).adjoint(d_output, &[(centres, d_input)])
}

fn max_pool_transpose(windows: Windows, batch: usize) -> Case {
    let mut r = Recording::default();
    let (group, count) = (2, 3);
    let centres = r.reals("centres", batch * group * windows.image());
    let d_output = r.reals("d_output", batch * count * windows.output());
    let d_input = r.reals("d_input", batch * count * windows.image());
    r.push(
        "transposed",
        MaxPoolAdjoint {
            centres,
            d_output,
            d_input,
            batch,
            group,
            count,
            windows,
        },
    );
    Case::new(
        format!(
            "max pool, transposed, kernel {}, stride {}",
            windows.kernel, windows.stride
        ),
        r,
        d_input,
    )
}

fn average_pool(windows: Windows, rows: usize) -> Case {
    let mut r = Recording::default();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, rows * windows.image()));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, rows * windows.output()));
    r.push(
        "average pool",
        AveragePool {
            input,
            output,
            rows,
            windows,
        },
    );
    r.push(
        "adjoint",
        AveragePoolAdjoint {
            d_output,
            d_input,
            rows,
            windows,
        },
    );
    let name = format!(
        "average pool {}x{} kernel {}, stride {}",
        windows.height, windows.width, windows.kernel, windows.stride
    );
    Case::new(name, r, output).adjoint(d_output, &[(input, d_input)])
}

fn upsample(planes: usize, height: usize, width: usize, align_corners: bool) -> Case {
    let mut r = Recording::default();
    let [input, d_input] = ["input", "d_input"].map(|name| r.reals(name, planes * height * width));
    let [output, d_output] =
        ["output", "d_output"].map(|name| r.reals(name, 4 * planes * height * width));
    r.push(
        "upsample",
        Upsample {
            input,
            output,
            planes,
            height,
            width,
            align_corners,
        },
    );
    r.push(
        "adjoint",
        UpsampleAdjoint {
            d_output,
            d_input,
            planes,
            height,
            width,
            align_corners,
        },
    );
    let corners = if align_corners {
        ", corners aligned"
    } else {
        ""
    };
    Case::new(format!("upsample {height}x{width}{corners}"), r, output)
        .adjoint(d_output, &[(input, d_input)])
}
