// Nothing is left to do with a result of a product.

fn epilogue(i: u32, value: f32) {}
