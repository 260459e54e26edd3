// Sums of slot 0 over jets, in order. The importing shader declares `d_output` as an array of
// `Values`.

// Element `element` of [parts, outputs], each a sum over a stretch of jets, from d_output
// [jets * slots, outputs].
fn bias_sum(element: u32, jets: u32, slots: u32, outputs: u32, stretch: u32) -> Values {
    let first = element / outputs * stretch;
    let end = min(first + stretch, jets);
    let column = element % outputs;
    var sum = Values();
    // Loads that wait together: one after the other, a sum of 100 jets would wait 100 times.
    for (var jet = first; jet < end; jet += 16u) {
#repeat i 16
        let value_$i = d_output[nth(min(jet + $iu, end - 1u) * slots * outputs + column)];
#end
#repeat i 16
        sum += select(Values(), value_$i, jet + $iu < end);
#end
    }
    return sum;
}
