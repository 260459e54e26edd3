// Tiles of 2 x 2 places of images with `size` rows and columns of places, as columns of a product:
// (image, line of tiles, tile), where lines have an even number of tiles, so that two neighbouring
// columns lie in one line. The last of a line may have no place at all.

fn tiles_of(size: vec2<u32>) -> vec2<u32> {
    return vec2((size.x + 1u) / 2u, (size.y + 3u) / 4u * 2u);
}

// Image, and row and column of the first place, of a tile.
fn tile_at(column: u32, size: vec2<u32>) -> vec3<u32> {
    let tiles = tiles_of(size);
    let at = column % (tiles.x * tiles.y);
    return vec3(column / (tiles.x * tiles.y), at / tiles.y * 2u, at % tiles.y * 2u);
}
