//! A disk as it may be found after the power was lost.
//!
//! What was synced is there. Of what was written to a file after its last sync anything may be there: nothing, all of it, a beginning,
//! or some of it, each write perhaps in part, in sectors of 512 bytes. Names are there up to the last sync of the directory, and perhaps
//! some of what was done to them later, in the order in which it was done, as file systems with a journal keep it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cron_runtime::core::hash::Fnv;

use crate::log::{Record, What};

const SECTOR: usize = 512;

/// Which syncs of a program the disk obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// All.
    All,
    /// All but those of SQLite's log: what `synchronous=NORMAL` would come to.
    NotTheLog,
    /// None: what `synchronous=OFF` would come to.
    None,
}

impl Trust {
    fn obeys(self, path: &Path) -> bool {
        match self {
            Self::All => true,
            Self::NotTheLog => !path.to_string_lossy().ends_with("-wal"),
            Self::None => false,
        }
    }
}

/// Numbers that look random and are the same for the same seed.
#[derive(Debug)]
pub(crate) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(crate) fn new(seed: &[u64]) -> Self {
        Self { seed: seed.iter().fold(Fnv::new(), |hash, number| hash.u64(*number)).finish(), thrown: 0 }
    }

    /// Less than `sides`.
    pub(crate) fn throw(&mut self, sides: usize) -> usize {
        self.thrown += 1;
        (Fnv::new().u64(self.seed).u64(self.thrown).finish() % sides.max(1) as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.throw(2) == 0
    }
}

/// A file whatever its name is.
#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    unsynced: Vec<What>,
}

type Names = BTreeMap<PathBuf, usize>;

/// A disk and what is on its way to it.
#[derive(Debug)]
pub(crate) struct Disk {
    directory: PathBuf,
    trust: Trust,
    files: Vec<File>,
    names: Names,
    synced: Names,
    /// The names after each change since the directory was synced.
    unsynced: Vec<Names>,
}

impl Disk {
    /// With files that are there from the beginning.
    pub(crate) fn new(directory: &Path, files: BTreeMap<PathBuf, Vec<u8>>, trust: Trust) -> Self {
        let names: Names = files.keys().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let files = files.into_values().map(|synced| File { synced, unsynced: Vec::new() }).collect();
        Self {
            directory: directory.to_owned(),
            trust,
            files,
            synced: names.clone(),
            names,
            unsynced: Vec::new(),
        }
    }

    /// Does what the program did.
    pub(crate) fn apply(&mut self, record: &Record) {
        let Record { path, what } = record;
        match what {
            What::Create => {
                self.files.push(File::default());
                self.names.insert(path.clone(), self.files.len() - 1);
                self.unsynced.push(self.names.clone());
            }
            What::Unlink => {
                self.names.remove(path);
                self.unsynced.push(self.names.clone());
            }
            What::Rename { to } => {
                let file = self.names.remove(path).expect("what is renamed is there");
                self.names.insert(to.clone(), file);
                self.unsynced.push(self.names.clone());
            }
            What::Sync if !self.trust.obeys(path) => {}
            What::Sync if *path == self.directory => {
                self.synced.clone_from(&self.names);
                self.unsynced.clear();
            }
            What::Sync => {
                if let Some(file) = self.file(path) {
                    let unsynced = std::mem::take(&mut file.unsynced);
                    unsynced.iter().for_each(|what| write(&mut file.synced, what));
                }
            }
            What::Write { .. } | What::Truncate { .. } => {
                // One that was unlinked while it was open is gone whatever is written to it.
                if let Some(file) = self.file(path) {
                    file.unsynced.push(what.clone());
                }
            }
            What::Map => {}
        }
    }

    fn file(&mut self, path: &Path) -> Option<&mut File> {
        self.names.get(path).map(|at| &mut self.files[*at])
    }

    /// What is found after the power is lost now.
    pub(crate) fn lose_power(&self, dice: &mut Dice) -> BTreeMap<PathBuf, Vec<u8>> {
        let changes = dice.throw(self.unsynced.len() + 1);
        let names = if changes == 0 { &self.synced } else { &self.unsynced[changes - 1] };
        names.iter().map(|(name, at)| (name.clone(), left_of(&self.files[*at], dice))).collect()
    }
}

fn left_of(file: &File, dice: &mut Dice) -> Vec<u8> {
    let mut left = file.synced.clone();
    let unsynced = &file.unsynced;
    match dice.throw(4) {
        0 => {}
        1 => unsynced.iter().for_each(|what| write(&mut left, what)),
        2 => {
            let first = dice.throw(unsynced.len() + 1);
            unsynced[..first].iter().for_each(|what| write(&mut left, what));
            if let Some(torn) = unsynced.get(first) {
                tear(&mut left, torn, dice);
            }
        }
        _ => {
            for what in unsynced {
                match dice.throw(3) {
                    0 => {}
                    1 => write(&mut left, what),
                    _ => tear(&mut left, what, dice),
                }
            }
        }
    }
    left
}

fn write(file: &mut Vec<u8>, what: &What) {
    match what {
        What::Write { at, data } => put(file, *at, data),
        What::Truncate { length } => file.resize(*length, 0),
        What::Create | What::Sync | What::Unlink | What::Rename { .. } | What::Map => {}
    }
}

/// Some sectors of a write reach the disk and others do not.
fn tear(file: &mut Vec<u8>, what: &What, dice: &mut Dice) {
    let What::Write { at, data } = what else {
        if dice.coin() {
            write(file, what);
        }
        return;
    };
    let mut from = 0;
    while from < data.len() {
        let until = ((at + from) / SECTOR * SECTOR + SECTOR - at).min(data.len());
        if dice.coin() {
            put(file, at + from, &data[from..until]);
        }
        from = until;
    }
}

fn put(file: &mut Vec<u8>, at: usize, data: &[u8]) {
    if file.len() < at + data.len() {
        file.resize(at + data.len(), 0);
    }
    file[at..at + data.len()].copy_from_slice(data);
}
