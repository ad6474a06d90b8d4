//! Wall time and memory of this process.

use std::time::Instant;

/// Runs `work` and gives its result with the wall seconds it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64())
}

/// The most memory this process ever held, in bytes, as the kernel counts it; 0 where it does not say.
pub(crate) fn peak_bytes() -> u64 {
    status("VmHWM:")
}

/// The memory this process holds now, in bytes, as the kernel counts it; 0 where it does not say.
pub(crate) fn held_bytes() -> u64 {
    status("VmRSS:")
}

/// A line of the kernel's account of this process that is given in KiB, in bytes.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
