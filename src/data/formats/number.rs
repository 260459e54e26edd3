//! Numbers of any type as their bytes lie in a file.

use crate::data::array::Values;

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl Number {
    /// Bytes of one.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// The name that NumPy gives it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F16 => "float16",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Those in `bytes`, high bytes first where they are `big`: bool and u8 as bytes, what f32 holds
    /// exactly as floats, others as doubles.
    pub(super) fn read(self, bytes: &[u8], big: bool) -> Values {
        macro_rules! read {
            ($type:ty, $convert:expr) => {{
                let (numbers, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                let number = |bytes: &[u8; size_of::<$type>()]| {
                    if big {
                        <$type>::from_be_bytes(*bytes)
                    } else {
                        <$type>::from_le_bytes(*bytes)
                    }
                };
                numbers.iter().map(number).map($convert).collect()
            }};
        }
        match self {
            Self::U8 => Values::Bytes(bytes.to_vec().into()),
            Self::Bool => Values::Bytes(
                bytes
                    .iter()
                    .map(|&value| u8::from(value != 0))
                    .collect::<Vec<_>>()
                    .into(),
            ),
            Self::I8 => Values::Floats(read!(i8, f32::from)),
            Self::U16 => Values::Floats(read!(u16, f32::from)),
            Self::I16 => Values::Floats(read!(i16, f32::from)),
            Self::F16 => Values::Floats(read!(u16, half)),
            Self::F32 => Values::Floats(read!(f32, |value| value)),
            Self::U32 => Values::Doubles(read!(u32, f64::from)),
            Self::I32 => Values::Doubles(read!(i32, f64::from)),
            Self::U64 => Values::Doubles(read!(u64, |value| value as f64)),
            Self::I64 => Values::Doubles(read!(i64, |value| value as f64)),
            Self::F64 => Values::Doubles(read!(f64, |value| value)),
        }
    }
}

/// The value of the bits of an IEEE 754 half: 1 bit of sign, 5 of the exponent, 10 of the mantissa.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023) / 1024.0);
    sign * match exponent {
        0 => mantissa * 2.0_f32.powi(-14),
        31 if mantissa == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + mantissa) * 2.0_f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_the_standard() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
