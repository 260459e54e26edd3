// An activation's value and derivatives (s, s', s'', s''') as x, y, z and w, each as wide as
// `Values`.

alias Curve = vec4<f32>;

fn curve(u: Values) -> Curve {
    return activation(u);
}
