//! `State<T>`: what the program gave to `start()`.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::ops::Deref;

use super::{Context, ExtractError, FromRun, Needs};

/// A value that was given to `start()` with `.state(value)`, cloned for each call.
///
/// `T` must be cheap to clone: an `Arc`, a pool, a client.
#[derive(Clone, Copy, Debug)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static> FromRun for State<T> {
    fn from_run(context: &Context) -> Result<Self, ExtractError> {
        context
            .states
            .find::<T>()
            .cloned()
            .map(State)
            .ok_or(ExtractError::MissingState { type_name: std::any::type_name::<T>() })
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}

/// All states of a program, one for each type.
#[derive(Debug, Default)]
pub struct States {
    values: BTreeMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl States {
    pub(crate) fn insert<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.values.insert(TypeId::of::<T>(), Box::new(value));
    }

    pub(crate) fn has(&self, id: TypeId) -> bool {
        self.values.contains_key(&id)
    }

    pub(crate) fn find<T: 'static>(&self) -> Option<&T> {
        self.values.get(&TypeId::of::<T>())?.downcast_ref()
    }
}
