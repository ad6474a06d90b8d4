//! Everything of Wavetank that decides: Kubernetes manifests in, an explained simulation out.
//!
//! The way of the data is one direction: text → manifest → cluster → engine → trace → report. Nothing here reads a file, a clock,
//! the environment, or starts a thread: the same bytes in give the same bytes out, natively and as WebAssembly.

pub mod apiserver;
pub mod cluster;
pub mod controllers;
pub mod engine;
pub mod faults;
pub mod graph;
pub mod kubelet;
pub mod manifest;
pub mod report;
pub mod scenario;
pub mod scheduler;
pub mod session;
pub mod trace;
pub mod units;
