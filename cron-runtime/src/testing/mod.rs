//! Simulated time: the real engine, the real stores and the real functions, with clocks that move when nothing is left to do.

mod world;

pub use world::{Bells, Boot, InstanceId, Lag, World};
