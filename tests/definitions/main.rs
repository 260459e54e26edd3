//! What the code means: every forward pass, loss term, rule of sampling and step of the optimiser
//! against a plain definition in `plain`, which shares nothing with the engine. A mistake made
//! alike in a shader, its twin and its adjoint passes tests that hold these against each other; it
//! does not pass these.

#![allow(unreachable_pub, reason = "modules of a test")]
#![allow(clippy::needless_range_loop, reason = "definitions have indices")]

mod case;
mod glue;
mod plain;

mod evaluation;
mod gather;
mod geometry;
mod graph;
mod layers;
mod losses;
mod noise;
mod optimiser;
mod passes;
mod sampling;
mod terms;
mod training;
