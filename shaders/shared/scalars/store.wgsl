// Stores what lies inside of the results of 4 consecutive columns, value by value.

fn store_inside(row: u32, end_row: u32, column: u32, sums: vec4<f32>) {
    if row < end_row {
        for (var j = 0u; j < 4u && column + j < extent().z; j++) {
            store(row, column + j, sums[j]);
        }
    }
}
