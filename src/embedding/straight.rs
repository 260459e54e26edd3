//! Over its widest gap a curve goes straight on.
//!
//! Where the widest gap of a curve is wider than its turns are apart, the minimum spanning tree
//! crosses to another turn there. Of all edges that join the two sides of that gap, the one is taken
//! that is short and goes on in the direction in which either side ends.

/// How far back the direction looks in which a side ends, in lengths of the gap.
const REACH: f64 = 0.3;
/// The longest edge that is looked at, in lengths of the gap.
const LONGEST: f64 = 2.0;

/// Replaces the longest edge of `tree`, a spanning tree of `distances` [samples, samples], by the edge
/// between its two sides with the least length (1 + turn at one end + turn at the other), where a turn
/// is 0 straight on, 1 at a right angle or in the midst of samples, and 2 straight back. Returns which
/// samples lie on one side, or `None` where the longest edge is that edge already.
pub(super) fn go_straight_on(
    distances: &[f64],
    tree: &mut [(usize, usize)],
    samples: usize,
) -> Option<Vec<bool>> {
    let distance = |a: usize, b: usize| distances[a * samples + b];
    let longest = (0..tree.len()).max_by(|&a, &b| {
        let length = |at: usize| distance(tree[at].0, tree[at].1);
        length(a).total_cmp(&length(b))
    })?;
    let gap = distance(tree[longest].0, tree[longest].1);
    if gap == 0.0 {
        return None;
    }
    let side = side_of(tree, longest, samples);
    // Of each sample, those behind it on its side, with their weights.
    let behind: Vec<Vec<(usize, f64)>> = (0..samples)
        .map(|sample| {
            let near = |other: usize| {
                let apart = distance(sample, other);
                let weight = (-(apart / (REACH * gap)).powi(2)).exp();
                let counts = apart > 0.0 && apart < gap && side[other] == side[sample];
                counts.then_some((other, weight))
            };
            (0..samples).filter_map(near).collect()
        })
        .collect();
    // The turn of a way that comes from behind `from` and goes on to `to`: of the differences from
    // the samples behind and of that to `to`, inner products are known by their lengths.
    let turn = |from: usize, to: usize| {
        let onward = distance(from, to);
        let (mut along, mut all) = (0.0, 0.0);
        for &(other, weight) in &behind[from] {
            let (back, across) = (distance(from, other), distance(other, to));
            along += weight * (across * across - back * back - onward * onward) / 2.0;
            all += weight * back * onward;
        }
        if all > 0.0 { 1.0 - along / all } else { 1.0 }
    };
    let cost = |a: usize, b: usize| distance(a, b) * (1.0 + turn(a, b) + turn(b, a));
    let (mut least, mut best) = (f64::INFINITY, tree[longest]);
    for a in (0..samples).filter(|&a| side[a]) {
        for b in (0..samples).filter(|&b| !side[b] && distance(a, b) <= LONGEST * gap) {
            let cost = cost(a, b);
            if cost < least {
                (least, best) = (cost, (a, b));
            }
        }
    }
    let (a, b) = tree[longest];
    let same = best == (a, b) || best == (b, a);
    tree[longest] = best;
    (!same).then_some(side)
}

/// Which samples lie on the same side of the edge `cut` of `tree` as its first end.
fn side_of(tree: &[(usize, usize)], cut: usize, samples: usize) -> Vec<bool> {
    let mut edges = vec![Vec::new(); samples];
    for (at, &(a, b)) in tree.iter().enumerate() {
        if at != cut {
            edges[a].push(b);
            edges[b].push(a);
        }
    }
    let mut side = vec![false; samples];
    let mut reached = vec![tree[cut].0];
    while let Some(sample) = reached.pop() {
        if !std::mem::replace(&mut side[sample], true) {
            reached.extend(&edges[sample]);
        }
    }
    side
}
