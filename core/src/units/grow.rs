//! Lists with an entry for each of very many things. A `Vec` doubles its room when it is full: of ten million bytes up to half would lie idle.

/// From so many entries on, room is made by quarters.
const LONG: usize = 1 << 14;

/// Adds an entry.
///
/// ```
/// let mut list = Vec::new();
/// (0..100_000).for_each(|item| wavetank_core::units::grow::push(&mut list, item));
/// assert!(list.len() == 100_000 && list.capacity() < 126_000);
/// ```
pub fn push<T>(list: &mut Vec<T>, item: T) {
    make_room(list, 1);
    list.push(item);
}

/// The entry at a place; where the list does not reach it, it is filled up to there with what `empty` makes.
///
/// ```
/// let mut list = vec![7];
/// *wavetank_core::units::grow::at(&mut list, 2, || 0) += 1;
/// assert_eq!(list, [7, 0, 1]);
/// ```
pub fn at<T>(list: &mut Vec<T>, place: usize, empty: impl FnMut() -> T) -> &mut T {
    if list.len() <= place {
        make_room(list, place + 1 - list.len());
        list.resize_with(place + 1, empty);
    }
    &mut list[place]
}

fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.len() >= LONG && list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 4));
    }
}
