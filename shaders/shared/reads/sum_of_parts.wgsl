// What would lie in `$buffer` if its product had not been cut into parts: their sum in their order,
// which is stored there as well.

override PARTS: u32 = 1u;
// Values of a part.
override PART_LEN: u32 = 0u;

@group(0) @binding($at) var<storage, read_write> $buffer: array<Values>;
@group(0) @binding(9) var<storage, read> partial_sums: array<Values>;

fn read_$buffer(i: u32) -> Values {
    var sum = partial_sums[nth(i)];
    for (var part = 1u; part < PARTS; part++) {
        sum += partial_sums[nth(part * PART_LEN + i)];
    }
    $buffer[nth(i)] = sum;
    return sum;
}
