//! Numbers of any type as their bytes lie in a file.

use super::{Elements, Values};

/// A type that elements are kept in.
pub trait Element: Copy + Default + PartialEq + Send + Sync + std::fmt::Debug + 'static {
    /// `value`, rounded.
    fn of(value: f64) -> Self;

    /// `byte`, which every type holds.
    fn of_byte(byte: u8) -> Self;
}

impl Element for u8 {
    fn of(value: f64) -> Self {
        value as Self
    }

    fn of_byte(byte: u8) -> Self {
        byte
    }
}

impl Element for f32 {
    fn of(value: f64) -> Self {
        value as Self
    }

    fn of_byte(byte: u8) -> Self {
        Self::from(byte)
    }
}

impl Element for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn of_byte(byte: u8) -> Self {
        Self::from(byte)
    }
}

/// The types that elements are kept in.
pub(super) enum Kept {
    Bytes,
    Floats,
    Doubles,
}

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

    /// What its numbers are kept as: bool and u8 as bytes, what f32 holds exactly as floats, others as
    /// doubles.
    pub(super) fn kept_as(self) -> Kept {
        match self {
            Self::Bool | Self::U8 => Kept::Bytes,
            Self::I8 | Self::U16 | Self::I16 | Self::F16 | Self::F32 => Kept::Floats,
            Self::U32 | Self::I32 | Self::U64 | Self::I64 | Self::F64 => Kept::Doubles,
        }
    }

    /// Those in `bytes`, high bytes first where they are `big`.
    pub(super) fn read(self, bytes: &[u8], big: bool) -> Values {
        match self.kept_as() {
            Kept::Bytes => Values::Bytes(self.elements(bytes, big)),
            Kept::Floats => Values::Floats(self.elements(bytes, big)),
            Kept::Doubles => Values::Doubles(self.elements(bytes, big)),
        }
    }

    fn elements<T: Element>(self, bytes: &[u8], big: bool) -> Elements<T> {
        let mut elements = vec![T::default(); bytes.len() / self.size()];
        self.fill(bytes, big, &mut elements);
        elements.into()
    }

    /// Writes those in `bytes`, high bytes first where they are `big`, to `to`.
    pub(super) fn fill<T: Element>(self, bytes: &[u8], big: bool, to: &mut [T]) {
        macro_rules! fill {
            ($type:ty, $convert:expr) => {{
                let (numbers, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                for (to, bytes) in to.iter_mut().zip(numbers) {
                    *to = $convert(if big {
                        <$type>::from_be_bytes(*bytes)
                    } else {
                        <$type>::from_le_bytes(*bytes)
                    });
                }
            }};
        }
        match self {
            Self::U8 => fill!(u8, T::of_byte),
            Self::Bool => fill!(u8, |value| T::of_byte(u8::from(value != 0))),
            Self::I8 => fill!(i8, |value| T::of(f64::from(value))),
            Self::U16 => fill!(u16, |value| T::of(f64::from(value))),
            Self::I16 => fill!(i16, |value| T::of(f64::from(value))),
            Self::F16 => fill!(u16, |value| T::of(f64::from(half(value)))),
            Self::F32 => fill!(f32, |value| T::of(f64::from(value))),
            Self::U32 => fill!(u32, |value| T::of(f64::from(value))),
            Self::I32 => fill!(i32, |value| T::of(f64::from(value))),
            Self::U64 => fill!(u64, |value| T::of(value as f64)),
            Self::I64 => fill!(i64, |value| T::of(value as f64)),
            Self::F64 => fill!(f64, T::of),
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
