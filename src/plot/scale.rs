//! The scale of an axis, linear or logarithmic, and its ticks.

/// A tick of an axis: its value, and its text unless it is a minor one.
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: Option<String>,
}

/// The values that an axis shows, `low` < `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    logarithmic: bool,
    /// The smallest distance of ticks: 1 where values are counts.
    smallest_step: f64,
}

/// Values beyond this are treated like infinities: no sensible axis holds them, and their
/// differences overflow.
const LARGEST: f64 = 1e200;

/// Whether a value can be shown.
pub(super) fn drawable(value: f64) -> bool {
    value.abs() <= LARGEST
}

impl Scale {
    /// A linear scale around all drawable `values`, with room of `margin` times their range at both
    /// ends.
    pub(super) fn linear(values: impl Iterator<Item = f64>, margin: f64) -> Self {
        let (low, high) = extent(values);
        let (low, high) = widened(low, high, margin);
        Self {
            low,
            high,
            logarithmic: false,
            smallest_step: 0.0,
        }
    }

    /// A linear scale for counts: ticks are at integers if all `values` are integers.
    pub(super) fn counts(values: impl Iterator<Item = f64> + Clone, margin: f64) -> Self {
        let whole = values.clone().all(|value| value.fract() == 0.0);
        let scale = Self::linear(values, margin);
        if whole {
            Self {
                smallest_step: 1.0,
                ..scale
            }
        } else {
            scale
        }
    }

    /// A logarithmic scale where all drawable `values` are positive and the largest is more than
    /// ten times the smallest, else a linear one.
    pub(super) fn logarithmic_if_wide(
        values: impl Iterator<Item = f64> + Clone,
        margin: f64,
    ) -> Self {
        let (low, high) = extent(values.clone());
        if low < 1.0 / LARGEST || high <= 10.0 * low {
            return Self::linear(values, margin);
        }
        let room = margin * (high.log10() - low.log10());
        let (low, high) = (
            10f64.powf(low.log10() - room),
            10f64.powf(high.log10() + room),
        );
        Self {
            low,
            high,
            logarithmic: true,
            smallest_step: 0.0,
        }
    }

    /// A linear scale of the given range around the middle of all drawable `values`.
    pub(super) fn of_range(values: impl Iterator<Item = f64>, range: f64) -> Self {
        let scale = Self::linear(values, 0.0);
        scale.stretched(range / (scale.high - scale.low))
    }

    /// Whether equal distances are equal ratios.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// Where `value` lies: 0 at the low end, 1 at the high end.
    pub(super) fn position(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// The same middle with `factor` times the range.
    pub(super) fn stretched(self, factor: f64) -> Self {
        let (middle, half) = (
            self.low + (self.high - self.low) / 2.0,
            (self.high - self.low) / 2.0 * factor,
        );
        Self {
            low: middle - half,
            high: middle + half,
            ..self
        }
    }

    /// Ticks in ascending order; about `count` of them are labelled.
    pub(super) fn ticks(&self, count: usize) -> Vec<Tick> {
        if self.logarithmic {
            self.logarithmic_ticks(count)
        } else {
            self.linear_ticks(count)
        }
    }

    fn linear_ticks(&self, count: usize) -> Vec<Tick> {
        let rough = ((self.high - self.low) / count.max(1) as f64).max(self.smallest_step);
        // The tolerance keeps a step of 1 from becoming 0.99... times 10^-1.
        let mut exponent = (rough.log10() + 1e-9).floor() as i32;
        // About the nearest of 1, 2, 5 and 10 times a power of ten.
        let multiple = [1, 2, 5]
            .into_iter()
            .find(|&m| f64::from(m) * 10f64.powi(exponent) >= 0.7 * rough);
        let multiple = multiple.unwrap_or_else(|| {
            exponent += 1;
            1
        });
        let step = f64::from(multiple) * 10f64.powi(exponent);
        let (first, last) = (
            (self.low / step - 1e-9).ceil() as i64,
            (self.high / step + 1e-9).floor() as i64,
        );
        let values: Vec<f64> = (first..=last).map(|i| i as f64 * step).collect();
        let labels = linear_labels(&values, exponent);
        values
            .into_iter()
            .zip(labels)
            .map(|(value, label)| Tick {
                value,
                label: Some(label),
            })
            .collect()
    }

    fn logarithmic_ticks(&self, count: usize) -> Vec<Tick> {
        let (first, last) = (
            self.low.log10().floor() as i32,
            self.high.log10().ceil() as i32,
        );
        let inside = |value: &f64| (self.low..=self.high).contains(value);
        let decades = (first..=last).filter(|&e| inside(&10f64.powi(e))).count();
        // Few decades: label 2 and 5 as well. Many: only every so many decades, and no minor ticks.
        let stride = decades.div_ceil(count.max(1)).max(1) as i32;
        let labelled: &[i32] = if decades <= 2 { &[1, 2, 5] } else { &[1] };
        let plain = self.low >= 0.9e-3 && self.high < 1e5;
        let mut ticks = Vec::new();
        for exponent in first..=last {
            for multiple in 1..=9 {
                let value = f64::from(multiple) * 10f64.powi(exponent);
                let shown = labelled.contains(&multiple) && exponent.rem_euclid(stride) == 0;
                if inside(&value) && (shown || stride == 1) {
                    let text = || {
                        if plain {
                            fixed(value, -exponent)
                        } else {
                            power_of_ten(f64::from(multiple), 0, exponent)
                        }
                    };
                    ticks.push(Tick {
                        value,
                        label: shown.then(text),
                    });
                }
            }
        }
        ticks
    }
}

/// The smallest and largest drawable value; 0 and 0 if there is none.
fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|&v| drawable(v))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
    if low <= high { (low, high) } else { (0.0, 0.0) }
}

/// Adds room at both ends. A range too narrow for distinct ticks is widened to a tenth of the
/// value, or to 1 around 0.
fn widened(low: f64, high: f64, margin: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > (1e-7 * size).max(1.0 / LARGEST) {
        let room = margin * (high - low);
        (low - room, high + room)
    } else {
        let room = if size < 1.0 / LARGEST {
            1.0
        } else {
            0.1 * size
        };
        (low - room, high + room)
    }
}

/// Texts of multiples of a step of 1, 2 or 5 times 10^`exponent`, all with the same number of
/// decimals.
fn linear_labels(values: &[f64], exponent: i32) -> Vec<String> {
    let largest = values.iter().fold(0f64, |size, v| size.max(v.abs()));
    let magnitude = if largest > 0.0 {
        largest.log10().floor() as i32
    } else {
        exponent
    };
    let plain = magnitude < 5 && exponent >= -4;
    let text = |&value: &f64| {
        if plain {
            fixed(value, -exponent)
        } else {
            power_of_ten(
                value / 10f64.powi(magnitude),
                magnitude - exponent,
                magnitude,
            )
        }
    };
    values.iter().map(text).collect()
}

/// A number with so many decimals and a true minus sign.
fn fixed(value: f64, decimals: i32) -> String {
    // Adding 0 turns -0 into 0.
    format!("{:.*}", decimals.max(0) as usize, value + 0.0).replace('-', "\u{2212}")
}

/// "2×10⁻⁴", "10³", "0".
fn power_of_ten(mantissa: f64, decimals: i32, exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    if mantissa == 0.0 {
        return "0".to_owned();
    }
    let superscript: String = exponent
        .to_string()
        .chars()
        .map(|c| c.to_digit(10).map_or('\u{207b}', |d| DIGITS[d as usize]))
        .collect();
    let factor = fixed(mantissa, decimals);
    if factor == "1" {
        format!("10{superscript}")
    } else {
        format!("{factor}\u{d7}10{superscript}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale) -> Vec<String> {
        scale
            .ticks(6)
            .into_iter()
            .filter_map(|tick| tick.label)
            .collect()
    }

    fn linear(low: f64, high: f64) -> Scale {
        Scale::linear([low, high].into_iter(), 0.0)
    }

    fn logarithmic(low: f64, high: f64) -> Scale {
        Scale::logarithmic_if_wide([low, high].into_iter(), 0.0)
    }

    #[test]
    fn linear_ticks_are_round_numbers_with_equal_decimals() {
        assert_eq!(
            labels(linear(-1.0, 1.0)),
            ["−1.0", "−0.5", "0.0", "0.5", "1.0"]
        );
        assert_eq!(
            labels(linear(0.0, 50.0)),
            ["0", "10", "20", "30", "40", "50"]
        );
        assert_eq!(
            labels(linear(0.0, 1.2e6))[1..4],
            ["0.2×10⁶", "0.4×10⁶", "0.6×10⁶"]
        );
        assert_eq!(
            labels(linear(-4e-6, 2e-6)),
            [
                "−4×10⁻⁶",
                "−3×10⁻⁶",
                "−2×10⁻⁶",
                "−1×10⁻⁶",
                "0",
                "10⁻⁶",
                "2×10⁻⁶"
            ]
        );
    }

    #[test]
    fn counts_have_ticks_at_whole_numbers_only() {
        assert_eq!(
            labels(Scale::counts([1.0, 3.0].into_iter(), 0.0)),
            ["1", "2", "3"]
        );
        assert_eq!(labels(Scale::counts([7.0].into_iter(), 0.0)), ["7"]);
        assert_eq!(labels(Scale::counts([0.5, 1.0].into_iter(), 0.0)).len(), 6);
    }

    #[test]
    fn logarithmic_only_for_positive_values_over_more_than_a_decade() {
        assert!(logarithmic(0.01, 0.2).logarithmic);
        for (low, high) in [(0.02, 0.2), (0.0, 5.0), (-1.0, 100.0)] {
            assert!(!logarithmic(low, high).logarithmic, "{low}..{high}");
        }
    }

    #[test]
    fn logarithmic_ticks_label_decades_and_within_few_decades_also_2_and_5() {
        assert_eq!(labels(logarithmic(0.03, 0.4)), ["0.05", "0.1", "0.2"]);
        assert_eq!(
            labels(logarithmic(1e-6, 1e-1)),
            ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]
        );
        assert_eq!(
            labels(logarithmic(1e-9, 1e-8 * 3.0)),
            ["10⁻⁹", "2×10⁻⁹", "5×10⁻⁹", "10⁻⁸", "2×10⁻⁸"]
        );
        assert!(labels(logarithmic(1e-180, 1e180)).len() <= 7);
    }

    #[test]
    fn positions_run_from_0_to_1() {
        for scale in [linear(-2.0, 6.0), logarithmic(1e-3, 10.0)] {
            assert_eq!(
                (scale.position(scale.low), scale.position(scale.high)),
                (0.0, 1.0)
            );
        }
        assert!((logarithmic(1e-3, 10.0).position(0.1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn any_finite_range_gives_few_ticks_within_it() {
        let values = [
            0.0,
            -0.0,
            5e-324,
            1e-300,
            -1e-5,
            1e-12,
            0.1,
            1.0,
            1.0 + 1e-15,
            1e8,
            -1e199,
            1e300,
            f64::NAN,
            f64::INFINITY,
        ];
        for a in values {
            for b in values {
                for scale in [
                    linear(a, b),
                    Scale::counts([a, b].into_iter(), 0.02),
                    logarithmic(a, b),
                ] {
                    let ticks = scale.ticks(6);
                    assert!(scale.low < scale.high, "{a} {b}: {scale:?}");
                    assert!(
                        (1..=30).contains(&ticks.len()),
                        "{a} {b}: {} ticks",
                        ticks.len()
                    );
                    assert!(
                        ticks
                            .iter()
                            .all(|t| (-1e-6..=1.000_001).contains(&scale.position(t.value))),
                        "{a} {b}"
                    );
                }
            }
        }
    }
}
