//! What the shim has written down.

use std::path::PathBuf;

const MAGIC: u64 = 0x504f_5745_5243_5554;

/// Something that a program has done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) path: PathBuf,
    pub(crate) what: What,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A file that was not there.
    Create,
    Write {
        at: usize,
        data: Vec<u8>,
    },
    Truncate {
        length: usize,
    },
    /// A file or a directory reached the disk.
    Sync,
    Unlink,
    Rename {
        to: PathBuf,
    },
    /// A mapping that writes pass by the shim through.
    Map,
}

/// Reads the records in the order of the calls.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    // A process that was killed may have left half a record at the very end.
    while let Some((record, rest)) = first(bytes) {
        records.push(record);
        bytes = rest;
    }
    records
}

fn first(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (head, rest) = bytes.split_at_checked(64)?;
    let number =
        |at: usize| u64::from_ne_bytes(head[at * 8..at * 8 + 8].try_into().expect("eight bytes")) as usize;
    assert_eq!(number(0) as u64, MAGIC, "the log is damaged");
    let (path, rest) = rest.split_at_checked(number(3))?;
    let (second, rest) = rest.split_at_checked(number(4))?;
    let (data, rest) = rest.split_at_checked(number(5))?;
    let text = |bytes: &[u8]| PathBuf::from(String::from_utf8(bytes.to_vec()).expect("a path in UTF-8"));
    let what = match number(1) {
        1 => What::Create,
        2 => What::Write { at: number(2), data: data.to_vec() },
        3 => What::Truncate { length: number(2) },
        4 => What::Sync,
        5 => What::Unlink,
        6 => What::Rename { to: text(second) },
        7 => What::Map,
        kind => panic!("{:?} and {:?}: a call ({kind}) that no disk is made of", text(path), text(second)),
    };
    Some((Record { path: text(path), what }, rest))
}
