//! The wire format of protocol buffers, as much of it as ONNX files and TensorBoard's events need:
//! messages are fields, each with its number and its value.

/// A message that grows field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// A message without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a whole number (`int32`, `int64` or an enumeration).
    pub fn integer(mut self, field: u32, value: i64) -> Self {
        self.tag(field, 0);
        // Negative numbers are those of 64 bits.
        self.varint(value as u64);
        self
    }

    /// Adds a `float`.
    pub fn float(mut self, field: u32, value: f32) -> Self {
        self.tag(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Adds a `double`.
    pub fn double(mut self, field: u32, value: f64) -> Self {
        self.tag(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Adds `bytes`, or a text.
    pub fn bytes(mut self, field: u32, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.tag(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// Adds a message.
    pub fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Adds a message for each of `values`.
    pub fn messages<'a>(self, field: u32, values: impl IntoIterator<Item = &'a Self>) -> Self {
        values
            .into_iter()
            .fold(self, |whole, value| whole.message(field, value))
    }

    /// The message as it stands in a file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn tag(&mut self, field: u32, wire: u64) {
        self.varint(u64::from(field) << 3 | wire);
    }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A value as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A whole number.
    Integer(i64),
    /// The bits of a `float` or a `double`.
    Bits(u64),
    /// Bytes, a text, or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message with their numbers; `None` where `bytes` are no such message.
pub fn fields(mut bytes: &[u8]) -> Option<Vec<(u32, Value<'_>)>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = read_varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => Value::Integer(read_varint(&mut bytes)? as i64),
            1 => Value::Bits(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let length = read_varint(&mut bytes)?;
                Value::Bytes(take(&mut bytes, usize::try_from(length).ok()?)?)
            }
            5 => {
                let bits = u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?);
                Value::Bits(bits.into())
            }
            _ => return None,
        };
        found.push((u32::try_from(tag >> 3).ok()?, value));
    }
    Some(found)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (first, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(first)
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of protocol buffers' own description of the format, and one of each kind.
    #[test]
    fn messages_are_as_the_format_says_and_come_back() {
        assert_eq!(
            Message::new().integer(1, 150).as_bytes(),
            [0x08, 0x96, 0x01]
        );
        let testing = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        assert_eq!(Message::new().bytes(2, "testing").as_bytes(), testing);
        let inner = Message::new().integer(1, 150);
        let nested = Message::new().message(3, &inner);
        assert_eq!(nested.as_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let all = Message::new()
            .integer(1, -2)
            .float(20, 1.5)
            .double(3, -0.25);
        let all = all.messages(4, [&inner, &nested]);
        assert_eq!(
            fields(all.as_bytes()).unwrap(),
            [
                (1, Value::Integer(-2)),
                (20, Value::Bits(1.5_f32.to_bits().into())),
                (3, Value::Bits((-0.25_f64).to_bits())),
                (4, Value::Bytes(inner.as_bytes())),
                (4, Value::Bytes(nested.as_bytes())),
            ]
        );
    }

    #[test]
    fn what_is_cut_short_is_no_message() {
        let whole = Message::new()
            .integer(1, 300)
            .bytes(2, "abc")
            .double(3, 1.0);
        let bytes = whole.as_bytes();
        let whole_fields = [0, 3, 8, bytes.len()];
        for length in 0..=bytes.len() {
            let read = fields(&bytes[..length]);
            assert_eq!(read.is_some(), whole_fields.contains(&length), "{length}");
        }
        assert_eq!(fields(&[0x0b]), None);
        assert_eq!(fields(&[0xff; 11]), None);
    }
}
