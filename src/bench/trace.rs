//! A step's passes on a time line, in the trace event format that Perfetto and Chromium's
//! `chrome://tracing` open.

use super::StepTime;
use serde_json::{Value, json};

/// The passes of each step one after the other, each with its median time: a process for every
/// step, whose passes carry kernel, level, operations and bytes.
pub fn trace(steps: &[StepTime]) -> Value {
    let mut events = Vec::new();
    for (process, step) in steps.iter().enumerate() {
        let name = format!("{} {} on {}", step.workload, step.method, step.device);
        events.push(json!({
            "name": "process_name", "ph": "M", "pid": process, "tid": 0, "args": { "name": name },
        }));
        let mut start = 0.0;
        for (share, row) in step.passes.iter().zip(&step.listing.passes) {
            let microseconds = 1e3 * share.milliseconds;
            events.push(json!({
                "name": share.name, "cat": row.kernel, "ph": "X", "pid": process, "tid": 0,
                "ts": start, "dur": microseconds,
                "args": {
                    "kernel": row.kernel, "level": row.level, "flops": row.flops,
                    "bytes": row.bytes, "uniforms": row.uniforms,
                },
            }));
            start += microseconds;
        }
    }
    json!({ "displayTimeUnit": "ms", "traceEvents": events })
}
