// What the terms of a loss share: the loss weights of the step, of which column 0 is the number of
// centres that count; those that do not are padding of the batch.

// The number of centres that count.
fn valid_centres() -> f32 {
    return loss_weights[state[0] * params.columns];
}

// The factor of centre b in a mean over the centres that count.
fn mean_factor(b: u32) -> f32 {
    let count = valid_centres();
    if f32(b) < count {
        return 1.0 / count;
    }
    return 0.0;
}

// The weight of the term in `column`.
fn term_weight(column: u32) -> f32 {
    return loss_weights[state[0] * params.columns + column];
}
