// The gradient of a linear layer to its input as a product: d_output weight. The importing shader
// binds `d_output` and `weight`, has `inputs` and `outputs` in `params`, and defines rows() and
// store(row, column, values).

#import fetch_a
#import fetch_b

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = false;

fn extent() -> vec3<u32> {
    return vec3(rows(), params.outputs, params.inputs);
}

fn load_a(row: u32, k: u32) -> Values {
    return d_output[nth(row * params.outputs + k)];
}

fn load_b(column: u32, k: u32) -> Values {
    return weight[nth(k * params.inputs + column)];
}
