//! Links: a whole scene in the fragment of an address. `#1.` + base64url of the deflated JSON. Old forms stay readable; the fragment is never sent anywhere.

use serde::{Deserialize, Serialize};

use crate::wire::{SourceFile, Step};

/// Everything that reopens a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// The manifests.
    #[serde(rename = "f", with = "pairs")]
    pub files: Vec<SourceFile>,
    /// The scenario.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// The seed.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub seed: u64,
    /// The cursor, in virtual milliseconds.
    #[serde(rename = "t", default)]
    pub at_ms: i64,
    /// The name of the selected pod, node or zone, with a letter before it: `p/`, `n/`, `z/`.
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub selection: String,
}

fn is_zero(seed: &u64) -> bool {
    *seed == 0
}

/// Files as `[name, text]`, without the field names.
mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::wire::SourceFile;

    pub(super) fn serialize<S: Serializer>(files: &[SourceFile], to: S) -> Result<S::Ok, S::Error> {
        files.iter().map(|file| (&file.name, &file.text)).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SourceFile>, D::Error> {
        let pairs = Vec::<(String, String)>::deserialize(from)?;
        Ok(pairs.into_iter().map(|(name, text)| SourceFile { name, text }).collect())
    }
}

/// Why a link cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenLink {
    /// It is of a form that this build does not know.
    UnknownForm,
    /// Something is missing or was changed on the way.
    Damaged,
    /// Unpacked it would be larger than [`MOST_BYTES`].
    TooLarge,
}

impl BrokenLink {
    /// What the page says.
    pub const fn message(self) -> &'static str {
        match self {
            BrokenLink::UnknownForm => "This link is of a form that this version cannot read. A newer Wavetank may have made it.",
            BrokenLink::Damaged => {
                "This link is damaged: a part of it is missing or was changed. Ask for it again, as a file if it is long."
            }
            BrokenLink::TooLarge => "This link holds more than Wavetank opens from a link.",
        }
    }
}

/// The most that a link may hold, unpacked: bytes.
pub const MOST_BYTES: usize = 16 << 20;

/// Links longer than this many characters are cut by some chats.
pub const LONG_FOR_CHAT: usize = 2_000;

const MARK: &str = "1.";

/// The fragment of a scene, without `#`.
pub fn encode(scene: &Scene) -> String {
    let json = serde_json::to_vec(scene).unwrap_or_default();
    // Small ones as small as they get; large ones soon.
    let level = if json.len() < 1 << 18 { 9 } else { 2 };
    format!("{MARK}{}", to_base64url(&miniz_oxide::deflate::compress_to_vec(&json, level)))
}

/// The scene of a fragment, with or without `#`; none for an empty one.
///
/// # Errors
/// Where it is of an unknown form, damaged, or too large.
pub fn decode(fragment: &str) -> Result<Option<Scene>, BrokenLink> {
    let fragment = fragment.trim_start_matches('#');
    if fragment.is_empty() {
        return Ok(None);
    }
    let packed = fragment.strip_prefix(MARK).ok_or(BrokenLink::UnknownForm)?;
    let packed = from_base64url(packed).ok_or(BrokenLink::Damaged)?;
    let json = miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, MOST_BYTES).map_err(|error| {
        if error.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput { BrokenLink::TooLarge } else { BrokenLink::Damaged }
    })?;
    serde_json::from_slice(&json).map(Some).map_err(|_| BrokenLink::Damaged)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn to_base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut word, mut bits) = (0u32, 0);
    for character in text.trim_end_matches('=').bytes() {
        let digit = ALPHABET.iter().position(|&c| c == character)?;
        word = word << 6 | digit as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    (bits < 6 && word == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Verb;

    fn scene() -> Scene {
        Scene {
            files: vec![SourceFile { name: "shop/ä 🌊.yaml".to_string(), text: "kind: Pod\n# \"<b>\" 漢字\n".repeat(40) }],
            steps: vec![Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() }],
            seed: 3,
            at_ms: 61_250,
            selection: "p/default/web-0".to_string(),
        }
    }

    #[test]
    fn a_scene_comes_back() {
        for scene in [scene(), Scene::default()] {
            let link = encode(&scene);
            assert!(link.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{link}");
            assert_eq!(decode(&link), Ok(Some(scene.clone())));
            assert_eq!(decode(&format!("#{link}")), Ok(Some(scene)));
        }
        assert_eq!(decode("#"), Ok(None));
    }

    /// Made by the first version: it must be readable for ever.
    #[test]
    fn the_first_form_is_still_read() {
        let link = "#1.FYvLDoIwFER_xcy6SDXBRb_CPRJzSW8NsbQE65Pw74y7mTlzFgS4tsWU_f4rY4TBfUje7c7ZXxK6zuDBwwIp15GpsdYavHTu4RBkiNUvJ6VVZL5p4fjvVY-VJuvpcGwofAim2muQZyz1W8k3";
        let scene = decode(link).unwrap().unwrap();
        assert_eq!((scene.files[0].name.as_str(), scene.files[0].text.as_str()), ("pod.yaml", "kind: Pod\n"));
        assert_eq!(scene.steps, [Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() }]);
        assert_eq!((scene.at_ms, scene.seed, scene.selection.as_str()), (61_250, 0, "p/default/web"));
    }

    #[test]
    fn what_is_broken_says_so() {
        let link = encode(&scene());
        assert_eq!(decode("2.abc"), Err(BrokenLink::UnknownForm));
        assert_eq!(decode("1.%%%"), Err(BrokenLink::Damaged));
        for end in 2..link.len() {
            assert_eq!(decode(&link[..end]), Err(BrokenLink::Damaged), "{end}");
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let zeros = miniz_oxide::deflate::compress_to_vec(&vec![b' '; MOST_BYTES + 1], 9);
        assert_eq!(decode(&format!("1.{}", to_base64url(&zeros))), Err(BrokenLink::TooLarge));
    }

    #[test]
    fn base64_of_every_length() {
        for length in 0..70u8 {
            let bytes: Vec<u8> = (0..length).map(|i| i.wrapping_mul(37)).collect();
            assert_eq!(from_base64url(&to_base64url(&bytes)), Some(bytes));
        }
        assert_eq!(from_base64url("A"), None);
    }
}
