//! Amounts as people write them.

/// Millicores: `250m`, `2`, `1.5`.
pub(super) fn cpu(milli: i64) -> String {
    match milli {
        m if m % 1_000 == 0 => format!("{}", m / 1_000),
        m if m.abs() < 1_000 => format!("{m}m"),
        m if m % 100 == 0 => format!("{}.{}", m / 1_000, (m.abs() % 1_000) / 100),
        m => format!("{}.{:02}", m / 1_000, (m.abs() % 1_000) / 10),
    }
}

/// Bytes in binary units, one digit after the point where it matters: `512Mi`, `1.5Gi`.
pub(super) fn bytes(bytes: i64) -> String {
    let size = bytes.unsigned_abs();
    let sign = if bytes < 0 { "-" } else { "" };
    for (unit, shift) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] {
        if size >= 1 << shift {
            let tenths = (u128::from(size) * 10) >> shift;
            return if tenths % 10 == 0 {
                format!("{sign}{}{unit}", tenths / 10)
            } else {
                format!("{sign}{}.{}{unit}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{sign}{size}")
}

/// Millicores to the last digit, as a manifest has them: `1234m`, `2`.
pub(crate) fn exact_cpu(milli: i64) -> String {
    if milli % 1_000 == 0 { format!("{}", milli / 1_000) } else { format!("{milli}m") }
}

/// Bytes to the last digit, in the largest unit that divides them: `1536Mi`, `2Gi`.
pub(crate) fn exact_bytes(bytes: i64) -> String {
    let units = [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
    match units.into_iter().find(|(_, shift)| bytes != 0 && bytes % (1 << shift) == 0) {
        Some((unit, shift)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

/// `1 pod`, `3 pods`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        n => format!("{n} {}", plural(noun)),
    }
}

/// The plural of a noun used in reports.
pub(super) fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`; beyond `most`, `a, b and 5 more`.
pub(super) fn listed<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    // One more name is not longer than "and 1 more".
    let shown = if names.len() <= most + 1 { names.len() } else { most };
    match (names.len() - shown, &names[..shown]) {
        (_, []) => String::new(),
        (0, [one]) => (*one).to_owned(),
        (0, [first @ .., last]) => format!("{} and {last}", first.join(", ")),
        (more, shown) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!([0, 250, 2_000, 1_500, 1_250, -500].map(cpu), ["0", "250m", "2", "1.5", "1.25", "-500m"]);
        assert_eq!([0, 900, 1 << 20, 3 << 29, 16 << 30].map(bytes), ["0", "900", "1Mi", "1.5Gi", "16Gi"]);
        assert_eq!([counted(1, "pod"), counted(3, "pod"), counted(2, "proxy")], ["1 pod", "3 pods", "2 proxies"]);
        let names = ["a", "b", "c", "d", "e"];
        assert_eq!(listed(&names[..2], 3), "a and b");
        assert_eq!(listed(&names[..4], 3), "a, b, c and d");
        assert_eq!(listed(&names, 3), "a, b, c and 2 more");
    }
}
