// An activation of one feature of a jet: slots begin at u of what it reads and at y of what it
// gives, n values apart. s = curve(load_u(u)).
//
// The importing shader defines load_u(i), store_y(i, value) and params.directions.

override INPUT_ORDER: u32 = 0u;
override OUTPUT_ORDER: u32 = 0u;

fn activate_jet(s: Curve, u: u32, y: u32, n: u32) {
    store_y(y, s.x);
    if INPUT_ORDER >= 1u {
        for (var d = 1u; d <= params.directions; d++) {
            let u1 = load_u(u + d * n);
            store_y(y + d * n, s.y * u1);
            if OUTPUT_ORDER == 2u {
                var y2 = s.z * u1 * u1;
                if INPUT_ORDER == 2u {
                    y2 += s.y * load_u(u + (params.directions + d) * n);
                }
                store_y(y + (params.directions + d) * n, y2);
            }
        }
    }
}
