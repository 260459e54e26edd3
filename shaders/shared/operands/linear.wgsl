// A linear layer as a product: output = input weight^T, plus the bias in slot 0 of every jet. The
// importing shader binds `input`, `weight`, `bias` and `output`, has `inputs` and `outputs` in
// `params`, and defines rows(), and slots() of a jet.

#import fetch_a
#import fetch_b
#import shared/parts

const A_ALONG_K: bool = true;
const B_ALONG_K: bool = true;

fn extent() -> vec3<u32> {
    return vec3(rows(), params.inputs, params.outputs);
}

fn load_a(row: u32, k: u32) -> Values {
    return input[nth(row * params.inputs + k)];
}

fn load_b(column: u32, k: u32) -> Values {
    return weight[nth(column * params.inputs + k)];
}

fn store(row: u32, column: u32, value: Values) {
    var sum = value;
    if part == 0u && row % slots() == 0u {
        sum += bias[nth(column)];
    }
    output[nth((part * rows() + row) * params.outputs + column)] = sum;
}
