//! A map by numbers that count up, as those of jobs and runs do: who was born together lies together.
//!
//! Those that are due together were mostly born together, so the next number that is asked for is mostly a neighbour: it is found without
//! a search, and in memory that was just touched. In an ordered map each would be a search of its own, in a hash map a miss as well.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use cron_core::run::{JobId, RunId};

/// Numbers of a page. Where few of many are kept, each may have a page to itself.
const PAGE: usize = 16;

/// What counts up.
pub(super) trait Number: Copy {
    fn number(self) -> u64;
    fn of(number: u64) -> Self;
}

impl Number for u64 {
    fn number(self) -> u64 {
        self
    }

    fn of(number: u64) -> Self {
        number
    }
}

impl Number for JobId {
    fn number(self) -> u64 {
        self.0
    }

    fn of(number: u64) -> Self {
        Self(number)
    }
}

impl Number for RunId {
    fn number(self) -> u64 {
        self.0
    }

    fn of(number: u64) -> Self {
        Self(number)
    }
}

#[derive(Debug)]
pub(super) struct ById<K, V> {
    /// Where the page of a number is, by the number of the page.
    index: BTreeMap<u64, usize>,
    pages: Vec<Page<V>>,
    /// Places in `pages` that are free.
    free: Vec<usize>,
    /// The page that was found last, and where it is.
    last: Cell<Option<(u64, usize)>>,
    keys: PhantomData<K>,
}

/// Without any room while it is free.
#[derive(Debug)]
struct Page<V> {
    values: Box<[Option<V>]>,
    kept: usize,
}

impl<K, V> Default for ById<K, V> {
    fn default() -> Self {
        let (index, pages, free, last) = (BTreeMap::new(), Vec::new(), Vec::new(), Cell::new(None));
        Self { index, pages, free, last, keys: PhantomData }
    }
}

impl<K: Number, V> ById<K, V> {
    /// The number of its page, and its place there.
    fn place(key: K) -> (u64, usize) {
        let number = key.number();
        (number / PAGE as u64, (number % PAGE as u64) as usize)
    }

    fn find(&self, page: u64) -> Option<usize> {
        if let Some((number, at)) = self.last.get()
            && number == page
        {
            return Some(at);
        }
        let at = *self.index.get(&page)?;
        self.last.set(Some((page, at)));
        Some(at)
    }

    pub(super) fn get(&self, key: K) -> Option<&V> {
        let (page, place) = Self::place(key);
        self.pages.get(self.find(page)?)?.values.get(place)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let (page, place) = Self::place(key);
        let at = self.find(page)?;
        self.pages.get_mut(at)?.values.get_mut(place)?.as_mut()
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        let (page, place) = Self::place(key);
        let at = self.find(page).unwrap_or_else(|| self.add(page));
        let page = &mut self.pages[at];
        let was_there = page.values[place].replace(value).is_some();
        page.kept += usize::from(!was_there);
    }

    fn add(&mut self, page: u64) -> usize {
        let values = std::iter::repeat_with(|| None).take(PAGE).collect();
        let new = Page { values, kept: 0 };
        let at = match self.free.pop() {
            Some(at) => {
                self.pages[at] = new;
                at
            }
            None => {
                self.pages.push(new);
                self.pages.len() - 1
            }
        };
        self.index.insert(page, at);
        self.last.set(Some((page, at)));
        at
    }

    pub(super) fn remove(&mut self, key: K) -> Option<V> {
        let (number, place) = Self::place(key);
        let at = self.find(number)?;
        let page = self.pages.get_mut(at)?;
        let value = page.values.get_mut(place)?.take()?;
        page.kept -= 1;
        if page.kept == 0 {
            self.drop_page(number, at);
        }
        Some(value)
    }

    fn drop_page(&mut self, number: u64, at: usize) {
        self.pages[at].values = Box::default();
        self.last.set(None);
        self.index.remove(&number);
        self.free.push(at);
        if self.index.is_empty() {
            *self = Self::default();
        }
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(K) -> bool) {
        let pages: Vec<u64> = self.index.keys().copied().collect();
        for key in
            pages.into_iter().flat_map(|page| (0..PAGE as u64).map(move |place| page * PAGE as u64 + place))
        {
            if !is_kept(K::of(key)) {
                self.remove(K::of(key));
            }
        }
    }

    #[cfg(test)]
    pub(super) fn number(&self) -> usize {
        self.pages.iter().map(|page| page.kept).sum()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64, u8),
        Remove(u64),
        Change(u64, u8),
        Retain(u64),
        Clear,
    }

    /// Numbers that share pages, and some far from all others.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![8 => 0..70_u64, 1 => (u64::MAX - 20)..=u64::MAX, 1 => Just(1 << 40)]
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            12 => (number(), any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
            12 => number().prop_map(Step::Remove),
            4 => (number(), any::<u8>()).prop_map(|(key, value)| Step::Change(key, value)),
            1 => (2..5_u64).prop_map(Step::Retain),
            1 => Just(Step::Clear),
        ]
    }

    proptest! {
        #[test]
        fn it_holds_what_an_ordered_map_holds(steps in vec(step(), 1..200)) {
            let (mut ours, mut model) = (ById::<u64, u8>::default(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        ours.insert(key, value);
                        model.insert(key, value);
                    }
                    Step::Remove(key) => prop_assert_eq!(ours.remove(key), model.remove(&key)),
                    Step::Change(key, value) => {
                        let (ours, model) = (ours.get_mut(key), model.get_mut(&key));
                        prop_assert_eq!(ours.is_some(), model.is_some());
                        if let (Some(ours), Some(model)) = (ours, model) {
                            (*ours, *model) = (value, value);
                        }
                    }
                    Step::Retain(divisor) => {
                        ours.retain(|key| key % divisor == 0);
                        model.retain(|key, _| key % divisor == 0);
                    }
                    Step::Clear => {
                        ours.clear();
                        model.clear();
                    }
                }
                for key in (0..70).chain([1 << 40]).chain((u64::MAX - 20)..=u64::MAX) {
                    prop_assert_eq!(ours.get(key), model.get(&key));
                }
                // A page without any number is given back.
                let pages: std::collections::BTreeSet<u64> = model.keys().map(|key| key / PAGE as u64).collect();
                prop_assert_eq!(ours.index.len(), pages.len());
                prop_assert_eq!(ours.pages.len() - ours.free.len(), pages.len());
            }
        }
    }
}
