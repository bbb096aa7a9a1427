//! Whole systems in simulated time: many schedulers, one store, one seed.

mod basics;
