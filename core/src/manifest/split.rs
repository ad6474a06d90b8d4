//! Cuts a text into documents the way `kubectl` does.
//!
//! Owns the rules of `k8s.io/apimachinery/pkg/util/yaml` `YAMLReader` (v1.37): lines, not YAML, decide
//! where a document ends. It parses nothing.

/// One document's stretch of a text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) start: usize,
    pub(super) end: usize,
    /// A `---` with something behind it: reading the stream ends here, and the chunk is lost.
    pub(super) separator: Option<(usize, usize)>,
}

/// The documents of `text` from byte `from` on.
pub(super) fn chunks(text: &str, from: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut start = from;
    let mut line_start = from;
    while line_start < text.len() {
        let line_end = text[line_start..].find('\n').map_or(text.len(), |n| line_start + n + 1);
        if let Some(rest) = text[line_start..line_end].strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let separator = Some((line_start, text[..line_end].trim_end().len()));
                chunks.push(Chunk { start, end: text.len(), separator });
                return chunks;
            }
            if start < line_start {
                chunks.push(Chunk { start, end: line_start, separator: None });
                start = line_end;
            }
        }
        line_start = line_end;
    }
    if start < text.len() {
        chunks.push(Chunk { start, end: text.len(), separator: None });
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<&str> {
        chunks(text, 0).iter().map(|c| &text[c.start..c.end]).collect()
    }

    #[test]
    fn lines_decide_where_documents_end() {
        assert_eq!(parts("a\n---\nb\n"), ["a\n", "b\n"]);
        assert_eq!(parts("---\na\n--- # c\n\n---\nb"), ["---\na\n", "\n", "b"]);
        assert_eq!(parts("a\r\n---\r\nb"), ["a\r\n", "b"]);
        assert_eq!(parts("a\n---\n---\nb"), ["a\n", "---\nb"]);
        assert_eq!(parts("a: 1---\n ---\nb"), ["a: 1---\n ---\nb"]);
        assert!(parts("").is_empty());
        assert_eq!(chunks("a\n--- b\nc", 0)[0].separator, Some((2, 7)));
    }
}
