// What the products of tiles by teams of threads have in common. A workgroup computes $ROWS x
// $COLUMNS results; each of its $TEAMS teams computes all of them, for its own part of the terms,
// and what the teams have is added up in their order.

// Rows that are not to be cut apart, such as the slots of a jet: of a tile, whole sets of them are
// stored.
override ROWS_PER_JET: u32 = 1u;

const PRODUCT_ROWS: u32 = $ROWSu;
const PRODUCT_COLUMNS: u32 = $COLUMNSu;
const ACROSS: u32 = $THREADS_ACROSSu;
const DOWN: u32 = $THREADS_DOWNu;
const TEAM: u32 = ACROSS * DOWN;
const TEAMS: u32 = $TEAMSu;
const PRODUCT_THREADS: u32 = TEAM * TEAMS;

// Operands, and in the end the sums of all teams.
var<workgroup> quads: array<vec4<f32>, $SLOTS>;

#import store

// Rows of a tile that are stored.
fn rows_of_tile() -> u32 {
    return PRODUCT_ROWS / ROWS_PER_JET * ROWS_PER_JET;
}

// The row behind the last one that a tile stores.
fn end_of_rows(tile: vec2<u32>) -> u32 {
    return min((tile.y + 1u) * rows_of_tile(), extent().x);
}

// Stores the sums over all teams, of which each thread has 4 x 4.
fn store_sums_of_teams(tile: vec2<u32>, thread: u32, sums: mat4x4<f32>) {
#repeat i 4
    quads[$iu * PRODUCT_THREADS + thread] = sums[$i];
#end
    workgroupBarrier();
    for (var at = thread; at < 4u * TEAM; at += PRODUCT_THREADS) {
        let member = at % TEAM;
        let first = at / TEAM * PRODUCT_THREADS + member;
        var sum = quads[first];
        for (var team = 1u; team < TEAMS; team++) {
            sum += quads[first + team * TEAM];
        }
        let row = tile.y * rows_of_tile() + member / ACROSS * 4u + at / TEAM;
        store_inside(row, end_of_rows(tile), tile.x * PRODUCT_COLUMNS + member % ACROSS * 4u, sum);
    }
}
