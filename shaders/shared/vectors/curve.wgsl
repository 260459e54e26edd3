// An activation's values and derivatives (s, s', s'', s''') as x, y, z and w, each as wide as
// `Values`.

struct Curve {
    x: Values,
    y: Values,
    z: Values,
    w: Values,
}

fn curve(u: Values) -> Curve {
    let all = transpose(mat4x4(activation(u.x), activation(u.y), activation(u.z), activation(u.w)));
    return Curve(all[0], all[1], all[2], all[3]);
}
