// Stores the results of 4 consecutive columns, which lie inside together.

fn store_inside(row: u32, end_row: u32, column: u32, sums: vec4<f32>) {
    if row < end_row && column < extent().z {
        store(row, column, sums);
    }
}
