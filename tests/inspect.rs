//! What shows what runs: passes of a step, its graph, its time line, and shaders.

#[path = "common/test_dir.rs"]
mod test_dir;

use test_dir::TestDir;

const NET: &str = "net --data x.csv --hidden 8 --k 3 --batch 10 --device cpu";

#[test]
fn the_passes_of_a_step_are_printed_with_levels_and_buffers() {
    let folder = TestDir::new();
    let told = folder.succeed(&format!("{NET} --passes"));
    for part in [
        "pass level segment",
        "encoder.0 linear",
        "reads   input: samples; weight: parameters[0..24]",
        "rows=20 inputs=3 outputs=8 slots=1",
        "in the memory of",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = folder.json(&format!("{NET} --passes --json"));
    let passes = json["step"]["passes"].as_array().unwrap();
    let levels = passes.iter().map(|pass| pass["level"].as_u64().unwrap());
    assert_eq!(
        levels.max().unwrap() + 1,
        json["step_levels"].as_u64().unwrap()
    );
    let flops: u64 = passes
        .iter()
        .map(|pass| pass["flops"].as_u64().unwrap())
        .sum();
    assert_eq!(flops, json["step_flops"].as_u64().unwrap());
    // Clipping needs the whole gradient, so there the step has two segments.
    let clipped = folder.json(&format!(
        "{NET} --set train.grad_clip_norm=1 --passes --json"
    ));
    let segments: Vec<_> = clipped["step"]["passes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pass| pass["segment"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        segments.is_sorted() && segments[0] == "gradient" && segments.contains(&"update".into())
    );
}

#[test]
fn a_step_is_drawn_for_graphviz() {
    let folder = TestDir::new();
    let dot = folder.succeed(&format!("{NET} --dot"));
    assert!(
        dot.starts_with("digraph recording {") && dot.trim_end().ends_with('}'),
        "{dot}"
    );
    assert!(
        dot.contains("[label=\"samples\"]") && dot.contains("rank=same"),
        "{dot}"
    );
    assert_eq!(
        folder.run(&format!("{NET} --dot --json")).status.code(),
        Some(2)
    );
}

#[test]
fn a_trace_has_an_event_for_every_pass() {
    let folder = TestDir::new();
    folder.succeed(
        "bench step --workload toy --method ae,nrae-q --seconds 0 --device cpu --json --trace step.json",
    );
    let trace: serde_json::Value = serde_json::from_slice(&folder.bytes("step.json")).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |pid: u64| {
        events
            .iter()
            .filter(move |event| event["pid"] == pid && event["ph"] == "X")
    };
    assert!(of(0).count() > 10 && of(1).count() > of(0).count());
    let mut end = 0.0;
    for event in of(1) {
        let (start, took) = (
            event["ts"].as_f64().unwrap(),
            event["dur"].as_f64().unwrap(),
        );
        assert!((start - end).abs() < 1e-6, "{event}");
        end = start + took;
    }
    assert!(
        events
            .iter()
            .any(|event| event["args"]["kernel"] == "taylor_evaluate")
    );
}

#[test]
fn shaders_are_printed_as_wgpu_gets_them() {
    let folder = TestDir::new();
    let names = folder.succeed("shader");
    for name in names.lines() {
        let text = folder.succeed(&format!("shader {name}"));
        assert!(
            text.contains("@compute") && !text.contains("#import") && !text.contains("#repeat")
        );
        assert!(!text.contains('$'), "{name}: {text}");
    }
    let [tiled, register] = ["tiled", "register"]
        .map(|family| folder.succeed(&format!("shader linear --family {family}")));
    assert!(tiled != register);
    folder.refuse("shader nope", &["there is no shader `nope`"]);
    folder.refuse("shader linear --tile 3x3", &["no tile 3x3", "64x64"]);
    folder.refuse(
        "shader linear --family x",
        &["choose tiled, register or subgroup"],
    );
}
