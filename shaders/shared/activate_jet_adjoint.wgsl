// The adjoint of activate_jet.wgsl.
//
// The importing shader defines load_u(i), load_dy(i), store_du(i, value) and params.directions.

override INPUT_ORDER: u32 = 0u;
override OUTPUT_ORDER: u32 = 0u;

fn activate_jet_adjoint(s: Curve, u: u32, y: u32, n: u32) {
    var du0 = s.y * load_dy(y);
    if INPUT_ORDER >= 1u {
        for (var d = 1u; d <= params.directions; d++) {
            let u1 = load_u(u + d * n);
            let a1 = load_dy(y + d * n);
            var du1 = s.y * a1;
            du0 += s.z * u1 * a1;
            if OUTPUT_ORDER == 2u {
                let a2 = load_dy(y + (params.directions + d) * n);
                du1 += 2.0 * s.z * u1 * a2;
                du0 += s.w * u1 * u1 * a2;
                if INPUT_ORDER == 2u {
                    let second = u + (params.directions + d) * n;
                    du0 += s.z * load_u(second) * a2;
                    store_du(second, s.y * a2);
                }
            }
            store_du(u + d * n, du1);
        }
    }
    store_du(u, du0);
}
