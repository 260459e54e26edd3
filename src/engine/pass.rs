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
        rows_per_jet: usize,
    },
}

/// A parameter of a pass: a field of the shader's `params`, by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Uniform {
    /// An unsigned integer.
    Int(usize),
    /// A real number.
    Float(f64),
}

macro_rules! uniform_from {
    ($($type:ty => |$value:ident| $uniform:expr),*) => {
        $(impl From<$type> for Uniform {
            fn from($value: $type) -> Self { $uniform }
        })*
    };
}
uniform_from!(usize => |v| Self::Int(v), bool => |v| Self::Int(v.into()), f64 => |v| Self::Float(v), f32 => |v| Self::Float(v.into()));

/// What a pass does with a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads what was there before.
    Read,
    /// Writes, and reads nothing that it has not written itself.
    Write,
    /// Reads what was there before, and writes in place.
    ReadWrite,
}

impl Access {
    /// Whether the pass changes what is there.
    pub fn writes(self) -> bool {
        self != Self::Read
    }

    /// Whether the pass depends on what was there before.
    pub fn reads(self) -> bool {
        self != Self::Write
    }
}

/// A storage binding of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Name of the variable in the shader.
    pub name: &'static str,
    /// What the pass does with it.
    pub access: Access,
    /// Where it lies.
    pub view: View,
}

impl Binding {
    /// Whether the order of two passes with these bindings matters: some element belongs to both,
    /// and one of them writes it.
    pub fn conflicts(self, other: Self) -> bool {
        (self.access.writes() || other.access.writes()) && self.view.overlaps(other.view)
    }

    /// Whether a pass with bindings `a` and one with bindings `b` have to keep their order.
    pub fn any_conflict(a: &[Self], b: &[Self]) -> bool {
        a.iter().any(|a| b.iter().any(|b| a.conflicts(*b)))
    }
}

/// What every pass tells an executor. Names are the contract with the shader: bindings, fields of
/// `params` and overrides are found by name, and a test holds every pass against its shader.
pub trait Describe {
    /// Storage bindings.
    fn bindings(&self) -> Vec<Binding>;
    /// The views of all bindings, in the same order, to move them.
    fn views_mut(&mut self) -> Vec<&mut View>;
    /// Fields of the uniform `params` by name.
    fn uniforms(&self) -> Vec<(&'static str, Uniform)>;
    /// Pipeline overrides by name.
    fn overrides(&self) -> Vec<(&'static str, u32)> {
        Vec::new()
    }
    /// How the work is spread.
    fn grid(&self) -> Grid;
    /// Floating-point operations, where the pass is a product.
    fn flops(&self) -> u64 {
        0
    }
    /// Bytes of global memory that the pass has to touch at least: every binding once.
    fn bytes(&self) -> u64 {
        self.bindings()
            .iter()
            .map(|binding| 4 * binding.view.len as u64)
            .sum()
    }
}

/// Implements [`Describe`] for a pass: bindings (by what is done with them) and uniforms are its
/// fields of the same names, or what stands behind `=`; what stands behind `+` are uniforms that
/// several passes share.
macro_rules! describe {
    (|$pass:ident: $type:ident| {
        reads: [$($read:ident),* $(,)?],
        writes: [$($write:ident),* $(,)?],
        $(updates: [$($update:ident),* $(,)?],)?
        uniforms: [$($uniform:ident $(= $value:expr)?),* $(,)?] $(+ $more:expr)?,
        $(overrides: [$($constant:ident = $constant_value:expr),* $(,)?],)?
        grid: $grid:expr
        $(, flops: $flops:expr)? $(,)?
    }) => {
        impl $crate::engine::pass::Describe for $type {
            fn bindings(&self) -> Vec<$crate::engine::pass::Binding> {
                use $crate::engine::pass::{Access, Binding};
                vec![
                    $(Binding { name: stringify!($read), access: Access::Read, view: self.$read },)*
                    $(Binding { name: stringify!($write), access: Access::Write, view: self.$write },)*
                    $($(Binding {
                        name: stringify!($update),
                        access: Access::ReadWrite,
                        view: self.$update,
                    },)*)?
                ]
            }
            fn views_mut(&mut self) -> Vec<&mut $crate::engine::View> {
                vec![$(&mut self.$read,)* $(&mut self.$write,)* $($(&mut self.$update,)*)?]
            }
            fn uniforms(&self) -> Vec<(&'static str, $crate::engine::pass::Uniform)> {
                let $pass = self;
                let _ = $pass;
                [
                    vec![$((
                        stringify!($uniform),
                        $crate::engine::pass::uniform!($pass, $uniform $(, $value)?),
                    )),*]
                    $(, $more.to_vec())?
                ]
                .concat()
            }
            $(fn overrides(&self) -> Vec<(&'static str, u32)> {
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
pub(crate) use describe;

/// A field as a uniform, or a value that is given.
macro_rules! uniform {
    ($pass:ident, $field:ident) => {
        $crate::engine::pass::Uniform::from($pass.$field)
    };
    ($pass:ident, $field:ident, $value:expr) => {
        $crate::engine::pass::Uniform::from($value)
    };
}
pub(crate) use uniform;

/// Calls `$apply! { PassName = file_name, ... }`: the one table of passes. The shader is
/// `shaders/file_name.wgsl`, the CPU kernel `src/cpu/file_name.rs`.
macro_rules! for_every_pass {
    ($apply:ident) => {
        $apply! {
            Gather = gather,
            Difference = difference,
            DifferenceAdjoint = difference_adjoint,
            Linear = linear,
            LinearInputAdjoint = linear_input_adjoint,
            LinearWeightAdjoint = linear_weight_adjoint,
            LinearBiasAdjoint = linear_bias_adjoint,
            Activate = activate,
            ActivateAdjoint = activate_adjoint,
            ActivateTranspose = activate_transpose,
            TaylorEvaluate = taylor_evaluate,
            TaylorEvaluateAdjoint = taylor_evaluate_adjoint,
            WeightedSquaredError = weighted_squared_error,
            SumPartials = sum_partials,
            Sum = sum,
            SumOfSquares = sum_of_squares,
            Adam = adam,
            IncrementStep = increment_step,
            Noise = noise,
            Corrupt = corrupt,
            Reparametrise = reparametrise,
            ReparametriseAdjoint = reparametrise_adjoint,
            KlDivergence = kl_divergence,
            SquaredDistances = squared_distances,
            Median = median,
            Mmd = mmd,
            MmdAdjoint = mmd_adjoint,
            EmbeddingLoss = embedding_loss,
            LleLoss = lle_loss,
            Convolve = convolve,
            ConvolveTranspose = convolve_transpose,
            ConvolveWeightAdjoint = convolve_weight_adjoint,
            ChannelSums = channel_sums,
            MaxPool = max_pool,
            MaxPoolAdjoint = max_pool_adjoint,
            AveragePool = average_pool,
            AveragePoolAdjoint = average_pool_adjoint,
            Upsample = upsample,
            UpsampleAdjoint = upsample_adjoint,
            Normalise = normalise,
            NormaliseAdjoint = normalise_adjoint,
            Concat = concat,
            SelectSlot = select_slot,
            JacobianNorm = jacobian_norm,
            Interpolate = interpolate,
            InterpolateAdjoint = interpolate_adjoint,
            JvpInnerProducts = jvp_inner_products,
            IsometricLoss = isometric_loss,
            BlockDistances = block_distances,
            Nearest = nearest,
        }
    };
}
pub(crate) use for_every_pass;

macro_rules! passes {
    ($($name:ident = $file:ident),* $(,)?) => {
        /// One pass of a recording.
        #[derive(Clone, Debug)]
        pub enum Pass { $(#[doc = concat!("See [`", stringify!($name), "`].")] $name($name)),* }

        $(impl From<$name> for Pass {
            fn from(pass: $name) -> Self { Self::$name(pass) }
        })*

        impl Pass {
            /// Name of the shader and of the CPU kernel.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($file)),* }
            }
            /// What the pass tells an executor.
            pub fn describe(&self) -> &dyn Describe {
                match self { $(Self::$name(pass) => pass),* }
            }
            fn describe_mut(&mut self) -> &mut dyn Describe {
                match self { $(Self::$name(pass) => pass),* }
            }
        }
    };
}

for_every_pass!(passes);

impl Pass {
    /// See [`Describe::bindings`].
    pub fn bindings(&self) -> Vec<Binding> {
        self.describe().bindings()
    }
    /// See [`Describe::views_mut`].
    pub fn views_mut(&mut self) -> Vec<&mut View> {
        self.describe_mut().views_mut()
    }
    /// See [`Describe::uniforms`].
    pub fn uniforms(&self) -> Vec<(&'static str, Uniform)> {
        self.describe().uniforms()
    }
    /// See [`Describe::overrides`].
    pub fn overrides(&self) -> Vec<(&'static str, u32)> {
        self.describe().overrides()
    }
    /// See [`Describe::grid`].
    pub fn grid(&self) -> Grid {
        self.describe().grid()
    }
    /// See [`Describe::flops`].
    pub fn flops(&self) -> u64 {
        self.describe().flops()
    }
    /// See [`Describe::bytes`].
    pub fn bytes(&self) -> u64 {
        self.describe().bytes()
    }
    /// Whether one of the two writes something that the other reads or writes.
    pub fn conflicts(&self, other: &Self) -> bool {
        Binding::any_conflict(&self.bindings(), &other.bindings())
    }
}
