//! Numbers as files hold them, before they become an [`Array`].

use crate::data::array::{Array, Values, count};

/// The elements of an array by their type, in C order.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) shape: Vec<usize>,
    elements: Elements,
}

#[derive(Debug)]
enum Elements {
    Bytes(Vec<u8>),
    Singles(Vec<f32>),
    Doubles(Vec<f64>),
}

impl Numbers {
    pub(super) fn bytes(shape: Vec<usize>, values: Vec<u8>) -> Self {
        let elements = Elements::Bytes(values);
        Self { shape, elements }
    }

    pub(super) fn singles(shape: Vec<usize>, values: Vec<f32>) -> Self {
        let elements = Elements::Singles(values);
        Self { shape, elements }
    }

    pub(super) fn doubles(shape: Vec<usize>, values: Vec<f64>) -> Self {
        let elements = Elements::Doubles(values);
        Self { shape, elements }
    }

    pub(super) fn len(&self) -> usize {
        match &self.elements {
            Elements::Bytes(values) => values.len(),
            Elements::Singles(values) => values.len(),
            Elements::Doubles(values) => values.len(),
        }
    }

    pub(super) fn to_doubles(&self) -> Vec<f64> {
        match &self.elements {
            Elements::Bytes(values) => values.iter().map(|&value| value.into()).collect(),
            Elements::Singles(values) => values.iter().map(|&value| value.into()).collect(),
            Elements::Doubles(values) => values.clone(),
        }
    }

    /// The array, whose shape has been checked against the elements.
    pub(super) fn into_array(self) -> Result<Array, String> {
        if count(&self.shape) != Some(self.len()) {
            return Err(format!(
                "is damaged: shape {:?} does not agree with the {} values that it has",
                self.shape,
                self.len()
            ));
        }
        let values = match self.elements {
            Elements::Bytes(values) => Values::Bytes(values.into()),
            Elements::Singles(values) => Values::Floats(values),
            Elements::Doubles(values) => {
                Values::Floats(values.into_iter().map(|value| value as f32).collect())
            }
        };
        Ok(Array {
            shape: self.shape,
            values,
        })
    }
}

/// Types of the numbers in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    I8,
    U8,
    I16,
    U16,
    F16,
    I32,
    U32,
    F32,
    I64,
    U64,
    F64,
}

/// The numbers of `bytes`, of type `kind`, with the most significant byte first where they are
/// `big`; bytes that are no whole number are left out.
pub(super) fn decode(shape: Vec<usize>, bytes: Vec<u8>, kind: Type, big: bool) -> Numbers {
    macro_rules! read {
        ($type:ty, $to:expr) => {{
            let number = |bytes: &[u8]| {
                let bytes = bytes.try_into().expect("a chunk of this size");
                $to(if big {
                    <$type>::from_be_bytes(bytes)
                } else {
                    <$type>::from_le_bytes(bytes)
                })
            };
            bytes.chunks_exact(size_of::<$type>()).map(number).collect()
        }};
    }
    match kind {
        Type::U8 => Numbers::bytes(shape, bytes),
        Type::F16 => Numbers::singles(shape, read!(u16, half)),
        Type::F32 => Numbers::singles(shape, read!(f32, f32::from)),
        Type::I8 => Numbers::singles(shape, read!(i8, f32::from)),
        Type::I16 => Numbers::singles(shape, read!(i16, f32::from)),
        Type::U16 => Numbers::singles(shape, read!(u16, f32::from)),
        Type::I32 => Numbers::doubles(shape, read!(i32, f64::from)),
        Type::U32 => Numbers::doubles(shape, read!(u32, f64::from)),
        Type::F64 => Numbers::doubles(shape, read!(f64, f64::from)),
        Type::I64 => Numbers::doubles(shape, read!(i64, |value| value as f64)),
        Type::U64 => Numbers::doubles(shape, read!(u64, |value| value as f64)),
    }
}

/// A half-precision number (IEEE 754 binary16).
pub(super) fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let fraction = f32::from(bits & 0x3ff);
    sign * match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        let known = [(0x3c00, 1.0), (0xc000, -2.0), (0x0001, 5.960_464_5e-8), (0x7bff, 65504.0)];
        for (bits, value) in known {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan() && half(0xfc00) == f32::NEG_INFINITY);
    }

    #[test]
    fn both_byte_orders_are_read() {
        for big in [false, true] {
            let of = |value: i16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
            let bytes = [of(-2), of(300)].concat();
            let numbers = decode(vec![2], bytes, Type::I16, big);
            assert_eq!(numbers.to_doubles(), [-2.0, 300.0]);
        }
    }
}
