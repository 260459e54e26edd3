//! The families of kernels that matrix products have.

/// How matrix products are computed. Chosen by the kind of adapter; for single products by what
/// `nrae doctor --tune` has timed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GemmFamily {
    /// Tiles in workgroup memory, for real GPUs.
    Tiled,
    /// Tiles in registers, for software drivers.
    Register,
    /// Tiles in registers whose rows are loaded once a subgroup, for software drivers with
    /// subgroups of 8 invocations.
    Subgroup,
    /// Cooperative matrices of f16 with sums in f32, where a precision of those is asked for.
    Cooperative(Matrices),
}

/// Cooperative matrices as an adapter has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Matrices {
    /// Rows and columns: 8 or 16.
    pub side: usize,
    /// Invocations of a subgroup, which holds a matrix together.
    pub subgroup: usize,
    /// Whether operands are split into two f16 each, of which three products count.
    pub split: bool,
}

/// Invocations of a subgroup in [`GemmFamily::Subgroup`].
pub(super) const LANES: usize = 8;

impl GemmFamily {
    /// The families that compute in f32.
    pub const F32: [Self; 3] = [Self::Tiled, Self::Register, Self::Subgroup];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiled => "tiled",
            Self::Register => "register",
            Self::Subgroup => "subgroup",
            Self::Cooperative(_) => "cooperative",
        }
    }

    /// The family of f32 called `name`: `tiled`, `register` or `subgroup`.
    pub fn named(name: &str) -> Option<Self> {
        Self::F32.into_iter().find(|family| family.name() == name)
    }

    /// How the lanes of a subgroup share what they load: how many do, and the operation that hands
    /// a value over.
    pub(super) fn sharing(self) -> (usize, &'static str) {
        match self {
            Self::Tiled | Self::Register | Self::Cooperative(_) => (1, "itself"),
            Self::Subgroup => (LANES, "subgroupBroadcast"),
        }
    }
}
