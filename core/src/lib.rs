//! Everything of Wavetank that decides.
