// What lies in `$buffer`.

@group(0) @binding($at) var<storage, read> $buffer: array<Values>;

fn read_$buffer(i: u32) -> Values {
    return $buffer[nth(i)];
}
