//! The closed set of passes, and what each tells an executor.

use super::ops::*;
use super::recording::View;

/// How a pass is spread over workgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// One thread an element.
    Elements(usize),
    /// One workgroup an item.
    Groups(usize),
    /// A matrix product with this many rows and columns of results, cut into the tiles of the
    /// kernel family in use.
    Product {
        /// Rows of the result.
        rows: usize,
        /// Columns of the result.
        columns: usize,
        /// Terms that one workgroup adds up.
        terms: usize,
        /// Results of the same shape, each of other terms.
        parts: usize,
        /// Consecutive rows that are not to be cut apart into two tiles, such as the slots of a
        /// jet.
        together: usize,
    },
}

/// A parameter of a pass: a field of the shader's `params`, by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Word {
    /// An unsigned integer.
    Int(usize),
    /// A real number.
    Real(f64),
}

macro_rules! word_from {
    ($($type:ty => |$value:ident| $word:expr),*) => {
        $(impl From<$type> for Word {
            fn from($value: $type) -> Self { $word }
        })*
    };
}
word_from!(usize => |v| Self::Int(v), bool => |v| Self::Int(v.into()), f64 => |v| Self::Real(v), f32 => |v| Self::Real(v.into()));

/// What every pass tells an executor. Names are the contract with the shader: bindings, fields of
/// `params` and overrides are found by name, and a test holds every pass against its shader.
pub trait Describe {
    /// The shader `shaders/<NAME>.wgsl` and its twin `src/cpu/<NAME>.rs`.
    const NAME: &'static str;
    /// Storage bindings by name.
    fn operands(&self) -> Vec<(&'static str, View)>;
    /// The same, to move them.
    fn views_mut(&mut self) -> Vec<&mut View>;
    /// Fields of the uniform `params` by name.
    fn words(&self) -> Vec<(&'static str, Word)>;
    /// Pipeline overrides by name.
    fn constants(&self) -> Vec<(&'static str, u32)> {
        Vec::new()
    }
    /// How the work is spread.
    fn grid(&self) -> Grid;
    /// Floating-point operations, where the pass is a product.
    fn flops(&self) -> u64 {
        0
    }
}

/// Implements [`Describe`] for a pass: operands and words are its fields of the same names, or what
/// stands behind `=`; what stands behind `+` are words that several passes share.
macro_rules! describe {
    (|$pass:ident: $type:ident| $name:literal {
        operands: [$($operand:ident),* $(,)?],
        words: [$($word:ident $(= $value:expr)?),* $(,)?] $(+ $more:expr)?,
        $(constants: [$($constant:ident = $constant_value:expr),* $(,)?],)?
        grid: $grid:expr
        $(, flops: $flops:expr)? $(,)?
    }) => {
        impl $crate::engine::pass::Describe for $type {
            const NAME: &'static str = $name;
            fn operands(&self) -> Vec<(&'static str, $crate::engine::recording::View)> {
                vec![$((stringify!($operand), self.$operand)),*]
            }
            fn views_mut(&mut self) -> Vec<&mut $crate::engine::recording::View> {
                vec![$(&mut self.$operand),*]
            }
            fn words(&self) -> Vec<(&'static str, $crate::engine::pass::Word)> {
                let $pass = self;
                let _ = $pass;
                [vec![$((stringify!($word), $crate::engine::pass::word!($pass, $word $(, $value)?))),*] $(, $more.to_vec())?].concat()
            }
            $(fn constants(&self) -> Vec<(&'static str, u32)> {
                let $pass = self;
                vec![$((stringify!($constant), $constant_value)),*]
            })?
            fn grid(&self) -> $crate::engine::pass::Grid {
                let $pass = self;
                let _ = $pass;
                $grid
            }
            $(fn flops(&self) -> u64 {
                let $pass = self;
                $flops
            })?
        }
    };
}
pub(super) use describe;

/// A field as a word, or a value that is given.
macro_rules! word {
    ($pass:ident, $field:ident) => {
        $crate::engine::pass::Word::from($pass.$field)
    };
    ($pass:ident, $field:ident, $value:expr) => {
        $crate::engine::pass::Word::from($value)
    };
}
pub(super) use word;

/// Calls `$apply! { names of every pass }`: the one table of passes.
macro_rules! for_every_pass {
    ($apply:ident) => {
        $apply! {
            Gather, Difference, DifferenceAdjoint,
            Linear, LinearInputAdjoint, LinearWeightAdjoint, LinearBiasAdjoint,
            Activate, ActivateAdjoint, ActivateTranspose,
            LinearActivate, ActivateLinearAdjoint,
            Collapse, CollapseAdjoint,
            Residual, Fold, Sum, Squares, Adam, Advance,
            Noise, Corrupt, Reparametrise, ReparametriseAdjoint, Divergence,
            SquaredDistances, Median, Discrepancy, DiscrepancyAdjoint,
            Anchor, LocallyLinear,
            Convolve, ConvolveTranspose, ConvolveWeightAdjoint, ChannelSums,
            MaxPool, MaxPoolAdjoint, AveragePool, AveragePoolAdjoint, Upsample, UpsampleAdjoint,
            Normalise, NormaliseAdjoint,
            Join, Slot, Pairing, Mix, MixAdjoint, Products, Isometry,
            BlockDistances, Nearest,
        }
    };
}
pub(crate) use for_every_pass;

macro_rules! passes {
    ($($name:ident),* $(,)?) => {
        /// One pass of a recording.
        #[derive(Clone, Debug)]
        pub enum Pass { $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name)),* }

        $(impl From<$name> for Pass {
            fn from(pass: $name) -> Self { Self::$name(pass) }
        })*

        impl Pass {
            /// Name of the shader and of its twin.
            pub fn name(&self) -> &'static str { match self { $(Self::$name(_) => $name::NAME),* } }
            /// See [`Describe::operands`].
            pub fn operands(&self) -> Vec<(&'static str, View)> { match self { $(Self::$name(pass) => pass.operands()),* } }
            /// See [`Describe::views_mut`].
            pub fn views_mut(&mut self) -> Vec<&mut View> { match self { $(Self::$name(pass) => pass.views_mut()),* } }
            /// See [`Describe::words`].
            pub fn words(&self) -> Vec<(&'static str, Word)> { match self { $(Self::$name(pass) => pass.words()),* } }
            /// See [`Describe::constants`].
            pub fn constants(&self) -> Vec<(&'static str, u32)> { match self { $(Self::$name(pass) => pass.constants()),* } }
            /// See [`Describe::grid`].
            pub fn grid(&self) -> Grid { match self { $(Self::$name(pass) => pass.grid()),* } }
            /// See [`Describe::flops`].
            pub fn flops(&self) -> u64 { match self { $(Self::$name(pass) => pass.flops()),* } }
        }
    };
}

for_every_pass!(passes);
