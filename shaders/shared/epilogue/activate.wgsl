// The activation of plain values behind a product: activate.wgsl on result i.
//
// activated  like what the product gives

#import shared/activation
#import shared/sine

@group(0) @binding(5) var<storage, read_write> activated: array<f32>;

fn epilogue(i: u32, value: f32) {
    activated[i] = activation(value).x;
}
