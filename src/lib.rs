//! Neighborhood Reconstructing Autoencoders.
pub mod error;
pub mod random;
