//! Amounts of a node's resources, as the scheduler counts them.

use super::intern::Sym;

/// What a pod asks for or a node has: cpu in millicores, memory and ephemeral storage in bytes, and every other resource
/// in its own unit (`pkg/scheduler/framework/types.go` Resource, v1.37). The number of pods is kept beside it, not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// Millicores.
    pub cpu_milli: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
    /// Extended resources, huge pages and attachable volumes: name and amount, sorted by [`Sym`], no zero entries dropped.
    pub scalars: Vec<(Sym, i64)>,
}

impl Resources {
    /// The amount of an extended resource; 0 if absent.
    pub fn scalar(&self, name: Sym) -> i64 {
        self.scalars.binary_search_by_key(&name, |s| s.0).map_or(0, |i| self.scalars[i].1)
    }

    /// Sets the amount of an extended resource.
    pub fn set_scalar(&mut self, name: Sym, amount: i64) {
        match self.scalars.binary_search_by_key(&name, |s| s.0) {
            Ok(i) => self.scalars[i].1 = amount,
            Err(i) => self.scalars.insert(i, (name, amount)),
        }
    }

    /// Adds `other`, saturating.
    pub fn add(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_add);
    }

    /// Takes `other` away, saturating; an amount may become negative where a node is over-committed.
    pub fn subtract(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_sub);
    }

    /// The larger of both, resource by resource.
    pub fn raise_to(&mut self, other: &Resources) {
        self.combine(other, i64::max);
    }

    /// Whether nothing at all is asked for.
    pub fn is_zero(&self) -> bool {
        self.cpu_milli == 0 && self.memory == 0 && self.ephemeral_storage == 0 && self.scalars.iter().all(|s| s.1 == 0)
    }

    fn combine(&mut self, other: &Resources, op: fn(i64, i64) -> i64) {
        self.cpu_milli = op(self.cpu_milli, other.cpu_milli);
        self.memory = op(self.memory, other.memory);
        self.ephemeral_storage = op(self.ephemeral_storage, other.ephemeral_storage);
        for &(name, amount) in &other.scalars {
            self.set_scalar(name, op(self.scalar(name), amount));
        }
    }
}
