// What is left to do with the jets of a product's tile, once all their slots are stored by
// whichever threads of the workgroup.
//
// The importing shader defines extent() as for a product, with ROWS_PER_JET slots to a jet, and
// finish(jet, column). What store() has written must be in a buffer that is declared coherent: the
// barrier orders its values, but promises nothing of caches.

fn finish_tile(tile: vec2<u32>, thread: u32) {
    storageBarrier();
    let size = extent();
    let jets = PRODUCT_ROWS / ROWS_PER_JET;
    for (var i = thread * WIDTH; i < jets * PRODUCT_COLUMNS; i += PRODUCT_THREADS * WIDTH) {
        let jet = tile.y * jets + i / PRODUCT_COLUMNS;
        let column = tile.x * PRODUCT_COLUMNS + i % PRODUCT_COLUMNS;
        if jet < size.x / ROWS_PER_JET && column < size.z {
            finish(jet, column);
        }
    }
}
