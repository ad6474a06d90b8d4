//! Sets of completion indexes, kept in order, and their text (`pkg/controller/job/indexed_job_utils.go`, v1.37).

/// Adds an index to a sorted list; tells whether it is new.
pub(super) fn add(indexes: &mut Vec<u32>, index: u32) -> bool {
    match indexes.binary_search(&index) {
        Ok(_) => false,
        Err(at) => {
            indexes.insert(at, index);
            true
        }
    }
}

/// Whether a sorted list holds an index.
pub(super) fn has(indexes: &[u32], index: u32) -> bool {
    indexes.binary_search(&index).is_ok()
}

/// How many of the indexes that a text like `1,3-5,7` names are in a sorted list, and how many it names below `completions`.
pub(super) fn count_named(text: &str, completions: u32, indexes: &[u32]) -> (usize, usize) {
    let (mut there, mut named) = (0, 0);
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else { continue };
        let end = last.saturating_add(1).min(completions);
        if first >= end {
            continue;
        }
        named += (end - first) as usize;
        there += indexes.partition_point(|&i| i < end) - indexes.partition_point(|&i| i < first);
    }
    (there, named)
}

/// The lowest indexes below `completions` that no sorted list in `taken` holds, at most `count`.
pub(super) fn lowest_free(completions: u32, taken: &[&[u32]], count: usize) -> Vec<u32> {
    (0..completions).filter(|&i| !taken.iter().any(|list| has(list, i))).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_indexes_are_counted() {
        assert_eq!(count_named("1,3-5,7", 10, &[0, 1, 4, 5, 9]), (3, 5));
        assert_eq!(count_named("0-1", 5, &[0, 1]), (2, 2));
        assert_eq!(count_named("4-9", 6, &[5]), (1, 2), "only below the completions");
        assert_eq!(count_named("4294967295", 6, &[]), (0, 0));
    }

    #[test]
    fn free_indexes_come_from_below() {
        assert_eq!(lowest_free(6, &[&[0, 2], &[3]], 2), [1, 4]);
    }
}
