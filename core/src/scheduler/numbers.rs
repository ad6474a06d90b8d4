//! Long lists of mostly small numbers.

/// Numbers by place, zero beyond the end: a byte each as long as all of them fit. There is such a list for every count by node.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// All of them lie between 0 and 255.
    Bytes(Vec<u8>),
    /// One did not.
    Words(Vec<i32>),
}

/// A list grows by so many places: one entry after the other would double its room.
const BLOCK: usize = 512;

impl Default for Numbers {
    fn default() -> Self {
        Numbers::Bytes(Vec::new())
    }
}

impl Numbers {
    /// The number at a place.
    pub fn at(&self, place: usize) -> i64 {
        match self {
            Numbers::Bytes(bytes) => bytes.get(place).map_or(0, |&byte| i64::from(byte)),
            Numbers::Words(words) => words.get(place).map_or(0, |&word| i64::from(word)),
        }
    }

    /// All of them, where they are bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Numbers::Bytes(bytes) => Some(bytes),
            Numbers::Words(_) => None,
        }
    }

    /// Adds to the number at a place.
    pub fn shift(&mut self, place: usize, by: i32) {
        if let Numbers::Bytes(bytes) = self {
            make_room(bytes, place);
            match u8::try_from(i32::from(bytes[place]).saturating_add(by)) {
                Ok(sum) => return bytes[place] = sum,
                Err(_) => *self = Numbers::Words(bytes.iter().map(|&byte| i32::from(byte)).collect()),
            }
        }
        if let Numbers::Words(words) = self {
            make_room(words, place);
            words[place] = words[place].saturating_add(by);
        }
    }

    fn len(&self) -> usize {
        match self {
            Numbers::Bytes(bytes) => bytes.len(),
            Numbers::Words(words) => words.len(),
        }
    }
}

fn make_room<T: Clone + Default>(list: &mut Vec<T>, place: usize) {
    if list.len() <= place {
        let len = (place + 1).next_multiple_of(BLOCK);
        list.reserve_exact(len - list.len());
        list.resize(len, T::default());
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Numbers) -> bool {
        (0..self.len().max(other.len())).all(|place| self.at(place) == other.at(place))
    }
}

impl Eq for Numbers {}

impl FromIterator<i32> for Numbers {
    fn from_iter<I: IntoIterator<Item = i32>>(all: I) -> Self {
        let mut numbers = Numbers::default();
        all.into_iter().enumerate().for_each(|(place, number)| numbers.shift(place, number));
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_bytes_until_one_does_not_fit() {
        let mut numbers = Numbers::default();
        assert_eq!((numbers.at(0), numbers.at(9_999)), (0, 0));
        numbers.shift(700, 255);
        numbers.shift(3, 1);
        assert_eq!((numbers.at(700), numbers.at(3), numbers.at(4)), (255, 1, 0));
        assert!(numbers.bytes().is_some_and(|bytes| bytes[700] == 255));
        numbers.shift(700, 1);
        assert_eq!((numbers.at(700), numbers.at(3)), (256, 1));
        assert!(numbers.bytes().is_none());
        numbers.shift(2_000, -2);
        assert_eq!(numbers.at(2_000), -2);
    }

    #[test]
    fn equal_is_what_has_equal_numbers() {
        let few: Numbers = [1, 2].into_iter().collect();
        let mut many: Numbers = [1, 2, 300].into_iter().collect();
        assert_ne!(few, many);
        many.shift(2, -300);
        assert_eq!(few, many);
    }
}
