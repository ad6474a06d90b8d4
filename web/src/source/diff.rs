//! Two texts line by line: what goes, what comes, and a little of what stays around it.

/// A line of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// In both.
    Same(&'a str),
    /// In the old text only.
    Gone(&'a str),
    /// In the new text only.
    New(&'a str),
    /// So many lines that are in both are not shown.
    Skipped(usize),
}

/// The most pairs of lines that are held against each other: beyond it all changed lines go and come.
const MOST_PAIRS: usize = 1 << 20;

/// The difference between two texts, with so many lines that stay around those that change; empty where the texts are equal.
pub fn lines<'a>(old: &'a str, new: &'a str, around: usize) -> Vec<Line<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (gone, come) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if gone.is_empty() && come.is_empty() {
        return Vec::new();
    }
    let mut all: Vec<Line<'_>> = old[..head].iter().copied().map(Line::Same).collect();
    all.extend(middle(gone, come));
    all.extend(old[old.len() - tail..].iter().copied().map(Line::Same));
    shortened(&all, around)
}

/// The longest common subsequence of two short runs of lines.
fn middle<'a>(gone: &[&'a str], come: &[&'a str]) -> Vec<Line<'a>> {
    if gone.len().saturating_mul(come.len()) > MOST_PAIRS {
        return gone.iter().copied().map(Line::Gone).chain(come.iter().copied().map(Line::New)).collect();
    }
    let wide = come.len() + 1;
    let mut common = vec![0u32; (gone.len() + 1) * wide];
    for i in (0..gone.len()).rev() {
        for j in (0..come.len()).rev() {
            common[i * wide + j] = if gone[i] == come[j] {
                common[(i + 1) * wide + j + 1] + 1
            } else {
                common[(i + 1) * wide + j].max(common[i * wide + j + 1])
            };
        }
    }
    let (mut i, mut j, mut told) = (0, 0, Vec::new());
    while i < gone.len() || j < come.len() {
        if i < gone.len() && j < come.len() && gone[i] == come[j] {
            told.push(Line::Same(gone[i]));
            (i, j) = (i + 1, j + 1);
        } else if j >= come.len() || (i < gone.len() && common[(i + 1) * wide + j] >= common[i * wide + j + 1]) {
            told.push(Line::Gone(gone[i]));
            i += 1;
        } else {
            told.push(Line::New(come[j]));
            j += 1;
        }
    }
    told
}

/// Long runs of lines that stay become a count.
fn shortened<'a>(all: &[Line<'a>], around: usize) -> Vec<Line<'a>> {
    let changed: Vec<usize> = (0..all.len()).filter(|&nth| !matches!(all[nth], Line::Same(_))).collect();
    let near = |nth: usize| {
        let next = changed.partition_point(|&at| at < nth);
        let within = |at: Option<&usize>| at.is_some_and(|&at| at.abs_diff(nth) <= around);
        within(changed.get(next)) || within(next.checked_sub(1).and_then(|before| changed.get(before)))
    };
    let mut told = Vec::new();
    for (nth, line) in all.iter().enumerate() {
        if near(nth) {
            told.push(*line);
        } else if let Some(Line::Skipped(count)) = told.last_mut() {
            *count += 1;
        } else {
            told.push(Line::Skipped(1));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_shown_with_a_little_around_it() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\ne\nX\ng\nh\n";
        let told = lines(old, new, 3);
        assert_eq!(told[..2], [Line::Skipped(2), Line::Same("c")]);
        assert!(told.contains(&Line::Gone("f")) && told.contains(&Line::New("X")));
        assert!(lines(old, old, 3).is_empty());
        assert_eq!(lines("", "n\n", 3), [Line::New("n")]);
    }

    #[test]
    fn every_line_of_both_is_there() {
        let (old, new) = ("1\n2\n3\n4\n5", "0\n2\n4\n4\n6");
        let told = lines(old, new, 3);
        let side = |wanted: fn(&Line<'_>) -> bool| told.iter().filter(|line| wanted(line)).count();
        assert_eq!(side(|line| matches!(line, Line::Same(_) | Line::Gone(_))), 5);
        assert_eq!(side(|line| matches!(line, Line::Same(_) | Line::New(_))), 5);
    }
}
