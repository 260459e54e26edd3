// The adjoint of the activation of plain values in front of a layer, behind the product that gives
// its upstream gradient: activate_adjoint.wgsl on result i.
//
// u    like what the product gives: what the activation read
// d_u  like u

#import shared/activation
#import shared/sine

@group(0) @binding(5) var<storage, read> u: array<f32>;
@group(0) @binding(6) var<storage, read_write> d_u: array<f32>;

fn epilogue(i: u32, value: f32) {
    d_u[i] = activation(u[i]).y * value;
}
