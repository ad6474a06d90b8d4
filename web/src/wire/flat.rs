//! Long lists of small things as flat bytes: a large run has hundreds of thousands of them, and the page reads them in one go.
//!
//! Little-endian, each thing of one width, in the order of its fields. Where people read (JSON) they are lists as any other.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Mark, MarkKind, Point};

/// Something of so many bytes.
pub(crate) trait Flat: Sized {
    const BYTES: usize;
    fn put(&self, into: &mut Vec<u8>);
    /// From so many bytes; none where they mean nothing.
    fn get(from: &[u8]) -> Option<Self>;
}

/// A whole number of four bytes. Always within the loop that reads a list: the page is compiled to be small, and would call it 200,000 times.
#[inline(always)]
fn word(from: &[u8]) -> Option<[u8; 4]> {
    from.first_chunk().copied()
}

#[inline(always)]
fn time(from: &[u8]) -> Option<i64> {
    from.first_chunk().copied().map(i64::from_le_bytes)
}

impl Flat for u32 {
    const BYTES: usize = 4;

    fn put(&self, into: &mut Vec<u8>) {
        into.extend(self.to_le_bytes());
    }

    #[inline(always)]
    fn get(from: &[u8]) -> Option<u32> {
        word(from).map(u32::from_le_bytes)
    }
}

impl Flat for i32 {
    const BYTES: usize = 4;

    fn put(&self, into: &mut Vec<u8>) {
        into.extend(self.to_le_bytes());
    }

    #[inline(always)]
    fn get(from: &[u8]) -> Option<i32> {
        word(from).map(i32::from_le_bytes)
    }
}

impl Flat for Point {
    const BYTES: usize = 16;

    fn put(&self, into: &mut Vec<u8>) {
        into.extend(self.at_ms.to_le_bytes());
        into.extend(self.ready.to_le_bytes());
        into.extend(self.believed.to_le_bytes());
    }

    #[inline(always)]
    fn get(from: &[u8]) -> Option<Point> {
        Some(Point { at_ms: time(from)?, ready: u32::get(from.get(8..)?)?, believed: u32::get(from.get(12..)?)? })
    }
}

impl Flat for Mark {
    const BYTES: usize = 13;

    fn put(&self, into: &mut Vec<u8>) {
        into.extend(self.at_ms.to_le_bytes());
        into.extend(self.count.to_le_bytes());
        into.push(MarkKind::ALL.iter().position(|kind| *kind == self.kind).unwrap_or_default() as u8);
    }

    #[inline(always)]
    fn get(from: &[u8]) -> Option<Mark> {
        Some(Mark { at_ms: time(from)?, count: u32::get(from.get(8..)?)?, kind: *MarkKind::ALL.get(usize::from(*from.get(12)?))? })
    }
}

pub(crate) fn serialize<T: Flat + Serialize, S: Serializer>(list: &[T], to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() {
        return list.serialize(to);
    }
    let mut bytes = Vec::with_capacity(list.len() * T::BYTES);
    list.iter().for_each(|of| of.put(&mut bytes));
    to.serialize_bytes(&bytes)
}

pub(crate) fn deserialize<'de, T: Flat + Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    if from.is_human_readable() {
        return Vec::deserialize(from);
    }
    from.deserialize_bytes(Bytes(PhantomData))
}

struct Bytes<T>(PhantomData<T>);

impl<T: Flat> Visitor<'_> for Bytes<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("flat bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<T>, E> {
        let wrong = || E::custom("not as long as it should be");
        if !bytes.len().is_multiple_of(T::BYTES) {
            return Err(wrong());
        }
        // Room for all at once: a list that grows is copied again and again.
        let mut things = Vec::with_capacity(bytes.len() / T::BYTES);
        for of in bytes.chunks_exact(T::BYTES) {
            things.push(T::get(of).ok_or_else(wrong)?);
        }
        Ok(things)
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::{Mark, MarkKind, Point, Story, WorkloadInfo, from_bytes, to_bytes};

    #[test]
    fn flat_lists_go_there_and_back_as_bytes_and_as_json() {
        let marks: Vec<Mark> = MarkKind::ALL.into_iter().map(|kind| Mark { at_ms: -7, kind, count: u32::MAX }).collect();
        let curve = vec![Point { at_ms: i64::MIN, ready: 1, believed: 2 }, Point { at_ms: i64::MAX, ready: 3, believed: 4 }];
        let story = Story {
            workloads: vec![
                WorkloadInfo { curve: curve.clone(), marks: marks.clone(), ..WorkloadInfo::default() },
                WorkloadInfo::default(),
            ],
            pod_workloads: vec![0, 1, u32::MAX],
            pod_born: vec![i32::MIN, -1, 5],
            marks,
            ..Story::default()
        };
        let bytes = to_bytes(&story);
        assert_eq!(from_bytes::<Story>(&bytes), Some(story.clone()));
        for end in 0..bytes.len() {
            assert_eq!(from_bytes::<Story>(&bytes[..end]), None);
        }
        let json = serde_json::to_string(&story).expect("plain data");
        assert!(json.contains("\"pod_workloads\":[0,1,"));
        assert_eq!(serde_json::from_str::<Story>(&json).expect("the same"), story);
    }
}
