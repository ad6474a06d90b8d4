//! How much is read before reading stops and says so.
//!
//! Owns the bounds that keep hostile or mistaken input within bounded memory and time. Each has a
//! test. Changing one never changes what a smaller input means.

/// Bytes of one file.
pub const MAX_FILE_BYTES: usize = 64 << 20;
/// Nodes (keys and values) of one file.
pub const MAX_FILE_NODES: usize = 8 << 20;
/// Levels of nesting in one document, aliases followed.
pub const MAX_DEPTH: usize = 256;
/// Nodes that aliases and merges may stand for in one document, beyond those written.
pub const MAX_ALIAS_EXPANSION: usize = 100_000;
/// Diagnostics kept of one file; the rest is counted.
pub const MAX_FILE_DIAGNOSTICS: usize = 200;

/// The bounds of one reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`MAX_FILE_BYTES`].
    pub file_bytes: usize,
    /// See [`MAX_FILE_NODES`].
    pub file_nodes: usize,
    /// See [`MAX_DEPTH`].
    pub depth: usize,
    /// See [`MAX_ALIAS_EXPANSION`].
    pub alias_expansion: usize,
    /// See [`MAX_FILE_DIAGNOSTICS`].
    pub file_diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: MAX_FILE_BYTES,
            file_nodes: MAX_FILE_NODES,
            depth: MAX_DEPTH,
            alias_expansion: MAX_ALIAS_EXPANSION,
            file_diagnostics: MAX_FILE_DIAGNOSTICS,
        }
    }
}
