//! PrioritySort: the order of the queue (`plugins/queuesort/priority_sort.go`, v1.37).

use crate::units::time::Time;

/// Whether a pod of priority `a` that entered the queue at `since_a` comes before the other.
pub fn before(a: i32, since_a: Time, b: i32, since_b: Time) -> bool {
    a > b || (a == b && since_a < since_b)
}
