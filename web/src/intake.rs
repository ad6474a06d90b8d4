//! What is taken from outside and what is not: names, sizes, texts, archives. Pure; whoever has the bytes asks here.
//!
//! Archives are read where nothing waits for it: in the worker. Every limit has a name, and what goes past one is told, never cut in silence.

use std::collections::BTreeMap;

use wavetank_core::units::arrange::Arrange;
use wavetank_core::units::text::visible;

use crate::wire::SourceFile;

/// The most files taken at once.
pub const MOST_FILES: usize = 500;
/// The most bytes taken at once, unpacked.
pub const MOST_BYTES: usize = 32 << 20;
/// The most bytes of one file.
pub const MOST_OF_ONE: usize = 8 << 20;
/// The most entries of an archive that are looked at.
pub const MOST_ENTRIES: usize = 10_000;
/// The largest archive that is opened, in bytes.
pub const MOST_ARCHIVE: usize = 64 << 20;
/// How many times larger than packed a file may be: text packs to a tenth, repetitive text to a hundredth, a bomb to a thousandth.
pub const MOST_RATIO: usize = 250;
/// Below this many bytes the ratio says nothing.
const RATIO_FROM: usize = 1 << 20;

/// Why something was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Neither YAML nor JSON by its name.
    Name,
    /// Larger than one file may be.
    Large,
    /// More files than are taken at once.
    Many,
    /// More bytes than are taken at once.
    Bytes,
    /// Not text.
    Binary,
    /// A web page.
    WebPage,
    /// Locked with a password.
    Locked,
    /// Packed in a way that is not known.
    Method,
    /// Damaged: its sum does not agree.
    Damaged,
    /// It grows past [`MOST_RATIO`].
    Bomb,
}

impl Left {
    /// Why, after a number of files.
    fn words(self) -> String {
        let mib = |bytes: usize| bytes >> 20;
        match self {
            Left::Name => "not .yaml, .yml or .json".to_string(),
            Left::Large => format!("larger than {} MiB", mib(MOST_OF_ONE)),
            Left::Many => format!("past the first {MOST_FILES} files"),
            Left::Bytes => format!("past {} MiB in all", mib(MOST_BYTES)),
            Left::Binary => "not text".to_string(),
            Left::WebPage => "a web page: save the raw file instead".to_string(),
            Left::Locked => "locked with a password".to_string(),
            Left::Method => "packed in an unknown way".to_string(),
            Left::Damaged => "damaged".to_string(),
            Left::Bomb => format!("more than {MOST_RATIO} times as large unpacked"),
        }
    }
}

/// What was taken so far, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The files.
    pub files: Vec<SourceFile>,
    left: BTreeMap<Left, (usize, String)>,
    bytes: usize,
}

impl Taken {
    /// Whether a file of that name and size is worth reading. `named` where its name has to say that it is a manifest: found in a folder, not chosen.
    pub fn wants(&mut self, name: &str, size: usize, named: bool) -> bool {
        let why = if named && !may_be_manifest(name) {
            Left::Name
        } else if self.files.len() >= MOST_FILES {
            Left::Many
        } else if size > MOST_OF_ONE {
            Left::Large
        } else if self.bytes + size > MOST_BYTES {
            Left::Bytes
        } else {
            return true;
        };
        self.leave(name, why);
        false
    }

    /// Takes a file, or tells why not.
    pub fn add(&mut self, name: &str, bytes: &[u8]) {
        match text_of(bytes) {
            Ok(text) => {
                self.bytes += bytes.len();
                self.files.push(SourceFile { name: visible(name).into_owned(), text });
            }
            Err(why) => self.leave(name, why),
        }
    }

    /// Leaves a file out.
    pub fn leave(&mut self, name: &str, why: Left) {
        let entry = self.left.entry(why).or_insert_with(|| (0, visible(name).into_owned()));
        entry.0 += 1;
    }

    /// What to say of what was left out; nothing where all was taken.
    pub fn told(&self) -> Option<String> {
        let parts = self.left.iter().map(|(why, (count, first))| match count {
            1 => format!("{first} ({})", why.words()),
            more => format!("{more} files ({})", why.words()),
        });
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| format!("Left out: {}.", parts.join("; ")))
    }
}

/// Whether a name says that a file may be a manifest.
pub fn may_be_manifest(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    let hidden = last.starts_with('.') || name.starts_with("__MACOSX/");
    let lower = last.to_lowercase();
    !hidden && [".yaml", ".yml", ".json"].iter().any(|ending| lower.ends_with(ending))
}

/// Whether a text is a web page.
pub fn is_web_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(15).collect::<String>().to_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// The text of a file: UTF-8, or UTF-16 with its mark, as some shells write it.
///
/// # Errors
/// Where it is not text.
pub fn text_of(bytes: &[u8]) -> Result<String, Left> {
    let wide = |bytes: &[u8], word: fn([u8; 2]) -> u16| {
        let words: Vec<u16> = bytes.chunks_exact(2).map(|two| word([two[0], two[1]])).collect();
        String::from_utf16(&words).map_err(|_| Left::Binary)
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).map_err(|_| Left::Binary)?,
        plain => String::from_utf8(plain.to_vec()).map_err(|_| Left::Binary)?,
    };
    if text.contains('\0') {
        return Err(Left::Binary);
    }
    if is_web_page(&text) { Err(Left::WebPage) } else { Ok(text) }
}

/// Whether bytes are a zip archive.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// What cannot be opened at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadArchive {
    /// Its directory is missing or damaged.
    Damaged,
    /// More than [`MOST_ENTRIES`] entries.
    Entries,
    /// A file in it, or all together, grow past the limits.
    Bomb,
}

impl BadArchive {
    /// What the page says.
    pub fn message(self) -> String {
        match self {
            BadArchive::Damaged => "The archive is damaged or cut short: nothing was taken from it.".to_string(),
            BadArchive::Entries => format!("The archive has more than {MOST_ENTRIES} entries: nothing was taken from it."),
            BadArchive::Bomb => format!(
                "The archive unpacks to far more than it is (over {MOST_RATIO} times, or over {} MiB): nothing was taken from it.",
                MOST_BYTES >> 20
            ),
        }
    }
}

/// One entry of an archive's directory.
struct Entry {
    name: String,
    method: u16,
    locked: bool,
    sum: u32,
    packed: usize,
    unpacked: usize,
    at: usize,
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 2).map(|two| usize::from(u16::from_le_bytes([two[0], two[1]])))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// Where the directory is, and how many entries it has: at the archive's end, before at most 64 KiB of comment.
fn directory(bytes: &[u8]) -> Option<(usize, usize)> {
    let last = bytes.len().checked_sub(22)?;
    let at = (last.saturating_sub(0xffff)..=last).rev().find(|&at| word(bytes, at) == Some(0x0605_4b50))?;
    Some((word(bytes, at + 16)? as usize, half(bytes, at + 10)?))
}

fn entry(bytes: &[u8], at: usize) -> Option<(Entry, usize)> {
    if word(bytes, at)? != 0x0201_4b50 {
        return None;
    }
    let (name, extra, comment) = (half(bytes, at + 28)?, half(bytes, at + 30)?, half(bytes, at + 32)?);
    let text = bytes.get(at + 46..at + 46 + name)?;
    let entry = Entry {
        name: String::from_utf8_lossy(text).replace('\\', "/"),
        method: half(bytes, at + 10)? as u16,
        locked: half(bytes, at + 8)? & 1 != 0,
        sum: word(bytes, at + 16)?,
        packed: word(bytes, at + 20)? as usize,
        unpacked: word(bytes, at + 24)? as usize,
        at: word(bytes, at + 42)? as usize,
    };
    Some((entry, at + 46 + name + extra + comment))
}

/// The packed bytes of an entry.
fn packed<'a>(bytes: &'a [u8], entry: &Entry) -> Option<&'a [u8]> {
    if word(bytes, entry.at)? != 0x0403_4b50 {
        return None;
    }
    let from = entry.at + 30 + half(bytes, entry.at + 26)? + half(bytes, entry.at + 28)?;
    bytes.get(from..from.checked_add(entry.packed)?)
}

/// Takes the manifests out of a zip archive.
///
/// # Errors
/// Where it cannot be opened, or grows past the limits: then nothing of it is taken.
pub fn unpack(bytes: &[u8]) -> Result<Taken, BadArchive> {
    let (mut at, count) = directory(bytes).ok_or(BadArchive::Damaged)?;
    if count > MOST_ENTRIES {
        return Err(BadArchive::Entries);
    }
    let mut taken = Taken::default();
    for _ in 0..count {
        let (entry, next) = entry(bytes, at).ok_or(BadArchive::Damaged)?;
        at = next;
        if entry.name.ends_with('/') || entry.name.starts_with("__MACOSX/") {
            continue;
        }
        if entry.locked {
            taken.leave(&entry.name, Left::Locked);
        } else if taken.wants(&entry.name, entry.unpacked, true) {
            let packed = packed(bytes, &entry).ok_or(BadArchive::Damaged)?;
            match inflated(packed, &entry)? {
                Ok(text) => taken.add(&entry.name, &text),
                Err(why) => taken.leave(&entry.name, why),
            }
        }
    }
    taken.files.arrange_by(|one, other| one.name.cmp(&other.name));
    Ok(taken)
}

/// An entry's bytes, never more than it says of itself.
fn inflated(packed: &[u8], entry: &Entry) -> Result<Result<Vec<u8>, Left>, BadArchive> {
    if entry.unpacked > RATIO_FROM && entry.unpacked / packed.len().max(1) > MOST_RATIO {
        return Err(BadArchive::Bomb);
    }
    let bytes = match entry.method {
        0 => packed.to_vec(),
        8 => match miniz_oxide::inflate::decompress_to_vec_with_limit(packed, entry.unpacked.max(1)) {
            Ok(bytes) => bytes,
            // It says that it is small and is not.
            Err(error) if error.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput => return Err(BadArchive::Bomb),
            Err(_) => return Ok(Err(Left::Damaged)),
        },
        _ => return Ok(Err(Left::Method)),
    };
    if bytes.len() != entry.unpacked || sum(&bytes) != entry.sum { Ok(Err(Left::Damaged)) } else { Ok(Ok(bytes)) }
}

/// The sum that zip keeps of a file: CRC-32.
fn sum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut nth = 0;
        while nth < 256 {
            let mut value = nth as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 != 0 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[nth] = value;
            nth += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |sum, &byte| sum >> 8 ^ TABLE[((sum ^ u32::from(byte)) & 0xff) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    struct File<'a> {
        name: &'a str,
        bytes: &'a [u8],
        method: u16,
        flags: u16,
        says: Option<u32>,
    }

    fn file<'a>(name: &'a str, bytes: &'a [u8]) -> File<'a> {
        File { name, bytes, method: 8, flags: 0, says: None }
    }

    fn zip(files: &[File]) -> Vec<u8> {
        let (mut zip, mut directory) = (Vec::new(), Vec::new());
        for of in files {
            let packed = if of.method == 8 { miniz_oxide::deflate::compress_to_vec(of.bytes, 9) } else { of.bytes.to_vec() };
            let at = zip.len() as u32;
            let mut fixed = Vec::new();
            for half in [of.flags, of.method, 0, 0] {
                fixed.extend(half.to_le_bytes());
            }
            for word in [sum(of.bytes), packed.len() as u32, of.says.unwrap_or(of.bytes.len() as u32)] {
                fixed.extend(word.to_le_bytes());
            }
            fixed.extend((of.name.len() as u16).to_le_bytes());
            fixed.extend([0, 0]);
            zip.extend(b"PK\x03\x04\x14\x00");
            zip.extend(&fixed);
            zip.extend(of.name.bytes());
            zip.extend(&packed);
            directory.extend(b"PK\x01\x02\x14\x00\x14\x00");
            directory.extend(&fixed);
            directory.extend([0; 10]);
            directory.extend(at.to_le_bytes());
            directory.extend(of.name.bytes());
        }
        let (at, count) = (zip.len() as u32, (files.len() as u16).to_le_bytes());
        zip.extend(&directory);
        zip.extend(b"PK\x05\x06\0\0\0\0");
        zip.extend(count);
        zip.extend(count);
        zip.extend((directory.len() as u32).to_le_bytes());
        zip.extend(at.to_le_bytes());
        zip.extend([0, 0]);
        zip
    }

    fn names(taken: &Taken) -> Vec<&str> {
        taken.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn manifests_come_out_of_an_archive() {
        let stored = File { method: 0, ..file("shop/b.yml", b"b: 2") };
        let bytes =
            zip(&[file("shop/", b""), stored, file("shop/a.yaml", b"a: 1"), file("README.md", b"#"), file("__MACOSX/._a.yaml", b"x")]);
        assert!(is_archive(&bytes));
        let taken = unpack(&bytes).unwrap();
        assert_eq!(names(&taken), ["shop/a.yaml", "shop/b.yml"]);
        assert_eq!(taken.files[0].text, "a: 1");
        assert_eq!(taken.told().unwrap(), "Left out: README.md (not .yaml, .yml or .json).");
        assert_eq!(unpack(&zip(&[])).unwrap(), Taken::default());
    }

    #[test]
    fn a_bomb_gives_a_message_and_nothing_else() {
        let zeros = vec![b' '; 6 << 20];
        assert_eq!(unpack(&zip(&[file("a.yaml", &zeros)])), Err(BadArchive::Bomb), "six thousand times as large");
        let lies = File { says: Some(10), ..file("a.yaml", &zeros) };
        assert_eq!(unpack(&zip(&[lies])), Err(BadArchive::Bomb), "it says that it is small");
        let large = File { says: Some(u32::MAX), ..file("a.yaml", b"a: 1") };
        let taken = unpack(&zip(&[large])).unwrap();
        assert!(taken.files.is_empty() && taken.told().unwrap().contains("larger than 8 MiB"), "{taken:?}");
        let noise: Vec<u8> = (0..7_u32 << 20).map(|n| b' ' + (n.wrapping_mul(2_654_435_761) >> 26) as u8).collect();
        let many: Vec<File> = (0..8).map(|_| File { method: 0, ..file("a.yaml", &noise) }).collect();
        let taken = unpack(&zip(&many)).unwrap();
        assert!(taken.files.len() < 5 && taken.told().unwrap().contains("past 32 MiB in all"), "{:?}", taken.told());
        for message in [BadArchive::Bomb, BadArchive::Entries, BadArchive::Damaged].map(BadArchive::message) {
            assert!(message.ends_with("nothing was taken from it."));
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        let locked = File { flags: 1, ..file("locked.yaml", b"a") };
        let odd = File { method: 99, ..file("odd.yaml", b"a") };
        let taken =
            unpack(&zip(&[locked, odd, file("page.yaml", b"<!DOCTYPE html><p>"), file("nul.yaml", b"a\0b"), file("ok.json", b"{}")]))
                .unwrap();
        assert_eq!(names(&taken), ["ok.json"]);
        let told = taken.told().unwrap();
        for words in ["locked with a password", "unknown way", "a web page", "not text"] {
            assert!(told.contains(words), "{words} in {told}");
        }
        let mut bytes = zip(&[File { method: 0, ..file("a.yaml", b"a: 1") }]);
        bytes[36] ^= 1;
        assert!(unpack(&bytes).unwrap().told().unwrap().contains("damaged"));
    }

    #[test]
    fn what_is_cut_short_is_never_a_panic() {
        let bytes = zip(&[file("a.yaml", b"a: 1"), file("b.yaml", b"b: 1")]);
        for end in 0..bytes.len() {
            let _ = unpack(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] = changed[at].wrapping_add(0x81);
            let _ = unpack(&changed);
        }
        assert_eq!(unpack(b"PK\x03\x04"), Err(BadArchive::Damaged));
    }

    #[test]
    fn texts_of_all_shells_are_read() {
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("kind: Pod\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(text_of(&wide).unwrap(), "kind: Pod\n");
        assert_eq!(text_of(b"\xef\xbb\xbfa: 1").unwrap(), "a: 1");
        assert_eq!((text_of(b"\xff\x00\x80"), text_of(b"  <HTML>")), (Err(Left::Binary), Err(Left::WebPage)));
    }

    #[test]
    fn only_so_much_is_taken_at_once() {
        let mut taken = Taken::default();
        assert!(!taken.wants("a.log", 1, true) && taken.wants("a.log", 1, false), "what was chosen by hand may be called anything");
        assert!(!taken.wants("b.yaml", 50 << 20, true));
        for nth in 0..MOST_FILES {
            taken.add(&format!("{nth}.yaml"), b"a: 1");
        }
        assert!(!taken.wants("more.yaml", 1, true));
        assert!(taken.told().unwrap().contains("past the first 500 files"));
    }
}
