//! Whole systems in simulated time: many schedulers, one store, one seed.

mod basics;
mod books;
mod calls;
mod checker;
mod draw;
mod faults;
mod functions;
mod history;
mod model;
mod people;
mod scenario;
mod seeds;
