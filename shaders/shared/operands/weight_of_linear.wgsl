// The gradient of a linear layer to its weight as a product: terms are the rows of a stretch. The
// importing shader binds `d_output`, `input` and `d_weight`, and has `rows`, `inputs`, `outputs` and
// `stretch` in `params`.

#import fetch_a
#import fetch_b

const A_ALONG_K: bool = false;
const B_ALONG_K: bool = false;

var<private> part: u32;

fn extent() -> vec3<u32> {
    return vec3(params.outputs, params.rows, params.inputs);
}

fn load_a(row: u32, k: u32) -> Values {
    return d_output[nth(k * params.outputs + row)];
}

fn load_b(column: u32, k: u32) -> Values {
    return input[nth(k * params.inputs + column)];
}

fn store(row: u32, column: u32, value: Values) {
    d_weight[nth((part * params.outputs + row) * params.inputs + column)] = value;
}

// The terms of stretch group.z.
fn product_of_part(group: vec3<u32>, thread: u32) {
    part = group.z;
    product(group.xy, thread, part * params.stretch, min((part + 1u) * params.stretch, params.rows));
}
