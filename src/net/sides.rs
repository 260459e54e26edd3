//! A number for each side of an image.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number for each side of an image. In configurations and models one number where both are
/// equal, else `[height, width]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Sides {
    /// Of the rows.
    pub height: usize,
    /// Of the columns.
    pub width: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or [height, width]")]
enum Written {
    Both(usize),
    Each([usize; 2]),
}

impl Sides {
    /// Their product.
    pub fn area(self) -> usize {
        self.height * self.width
    }

    /// `of` each.
    pub fn map(self, of: impl Fn(usize) -> usize) -> Self {
        Self {
            height: of(self.height),
            width: of(self.width),
        }
    }

    /// Whether both are 0.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl From<usize> for Sides {
    fn from(both: usize) -> Self {
        [both; 2].into()
    }
}

impl From<[usize; 2]> for Sides {
    fn from([height, width]: [usize; 2]) -> Self {
        Self { height, width }
    }
}

impl From<Written> for Sides {
    fn from(written: Written) -> Self {
        match written {
            Written::Both(both) => both.into(),
            Written::Each(each) => each.into(),
        }
    }
}

impl From<Sides> for Written {
    fn from(Sides { height, width }: Sides) -> Self {
        if height == width {
            Self::Both(height)
        } else {
            Self::Each([height, width])
        }
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.height == self.width {
            write!(f, "{}", self.height)
        } else {
            write!(f, "({}, {})", self.height, self.width)
        }
    }
}
