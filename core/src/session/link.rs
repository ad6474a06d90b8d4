//! Links: a whole scene in the fragment of an address. `#1.` + base64url of the deflated JSON; or in a file, as the JSON itself.
//!
//! Old forms stay readable. The fragment is never sent anywhere, and what comes in one is never trusted.

use super::scene::{Scene, SourceFile, Step};

/// Why a link cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is of a form that this build does not know.
    UnknownForm,
    /// Something is missing or was changed on the way.
    Damaged,
    /// Unpacked it would be larger than [`MOST_BYTES`].
    TooLarge,
}

impl Fault {
    /// What the page says.
    pub const fn message(self) -> &'static str {
        match self {
            Fault::UnknownForm => "This link is of a form that this version cannot read: a newer Wavetank made it. Load the page again.",
            Fault::Damaged => "This link is damaged: a part of it is missing or was changed. Ask for it again, as a file if it is long.",
            Fault::TooLarge => "This link holds more than Wavetank opens from a link.",
        }
    }
}

/// A link that cannot be read, and what could be saved of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenLink {
    /// Why.
    pub fault: Fault,
    /// Files that could be read all the same; of the last the beginning. None where nothing could be saved.
    pub saved: Option<Box<Scene>>,
}

impl From<Fault> for BrokenLink {
    fn from(fault: Fault) -> BrokenLink {
        BrokenLink { fault, saved: None }
    }
}

/// The most that a link may hold, unpacked: bytes.
pub const MOST_BYTES: usize = 16 << 20;

/// Links longer than this many characters are cut by some chats.
pub const LONG_FOR_CHAT: usize = 2_000;

/// Addresses longer than this many characters are refused by some browsers and servers: the scene goes into a file instead.
pub const LONG_FOR_ADDRESS: usize = 32_000;

/// How the name of a file with a scene ends.
pub const FILE_ENDING: &str = ".wavetank.json";

const MARK: &str = "1.";

/// The longest fragment that may be the name of a place in the page.
const LONGEST_ANCHOR: usize = 24;

/// The fragment of a scene, without `#`.
pub fn encode(scene: &Scene) -> String {
    let json = serde_json::to_vec(scene).unwrap_or_default();
    // Small ones as small as they get; large ones soon.
    let level = if json.len() < 1 << 18 { 9 } else { 2 };
    format!("{MARK}{}", to_base64url(&miniz_oxide::deflate::compress_to_vec(&json, level)))
}

/// The scene of a fragment, with or without `#`; none for an empty one, and for the name of a place in the page.
///
/// # Errors
/// Where it is of an unknown form, damaged, or too large.
pub fn decode(fragment: &str) -> Result<Option<Scene>, BrokenLink> {
    let fragment = fragment.trim_start_matches('#');
    let form = fragment.split_once('.').map_or(fragment, |(form, _)| form);
    if !form.bytes().all(|c| c.is_ascii_digit()) && fragment.len() <= LONGEST_ANCHOR && !fragment.contains('.') || fragment.is_empty() {
        return Ok(None);
    }
    let Some(text) = fragment.strip_prefix(MARK) else {
        // A newer form is likely to hold much of what this one holds.
        let fault = if form.bytes().all(|c| c.is_ascii_digit()) { Fault::UnknownForm } else { Fault::Damaged };
        let rest = fragment.split_once('.').map_or("", |(_, rest)| rest);
        let (packed, _) = from_base64url(rest);
        return Err(BrokenLink { fault, saved: saved(&unpacked(&packed).unwrap_or_else(|(_, part)| part)) });
    };
    let (packed, whole) = from_base64url(text);
    let json = match unpacked(&packed) {
        Ok(json) if whole => json,
        Ok(json) => return Err(BrokenLink { fault: Fault::Damaged, saved: saved(&json) }),
        Err((Fault::TooLarge, _)) => return Err(Fault::TooLarge.into()),
        Err((fault, part)) => return Err(BrokenLink { fault, saved: saved(&part) }),
    };
    serde_json::from_slice(&json).map(Some).map_err(|_| BrokenLink { fault: Fault::Damaged, saved: saved(&json) })
}

/// A scene as the text of a file.
pub fn to_file(scene: &Scene) -> String {
    serde_json::to_string_pretty(scene).unwrap_or_default()
}

/// The scene that a file holds; none for a file that is none.
pub fn from_file(text: &str) -> Option<Scene> {
    serde_json::from_str(text).ok()
}

/// What was deflated, or as much of it as could be unpacked.
fn unpacked(packed: &[u8]) -> Result<Vec<u8>, (Fault, Vec<u8>)> {
    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, MOST_BYTES).map_err(|error| {
        let too_large = error.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput;
        // The rest of the room that was made for it is zeros, which no JSON holds.
        let end = error.output.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let mut part = error.output;
        part.truncate(end);
        (if too_large { Fault::TooLarge } else { Fault::Damaged }, part)
    })
}

/// What can be read of the beginning of a scene's JSON, or of one with parts that this build does not know.
fn saved(json: &[u8]) -> Option<Box<Scene>> {
    let text = match std::str::from_utf8(json) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&json[..error.valid_up_to()]).unwrap_or_default(),
    };
    let mut scene = Scene::default();
    if let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_str(text) {
        let mut list = |key: &str| match fields.remove(key) {
            Some(serde_json::Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let pair = |item| serde_json::from_value(item).ok().map(|(name, text)| SourceFile { name, text });
        scene.files = list("f").into_iter().filter_map(pair).collect();
        scene.steps = list("s").into_iter().filter_map(|item| serde_json::from_value::<Step>(item).ok()).collect();
    } else {
        scene.files = begun_files(text.strip_prefix("{\"f\":[")?);
    }
    (!scene.files.is_empty()).then(|| Box::new(scene))
}

/// The files at the beginning of a list that breaks off; of the last as many whole lines as there are.
fn begun_files(list: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut rest = list;
    loop {
        let mut items = serde_json::Deserializer::from_str(rest).into_iter::<(String, String)>();
        match items.next() {
            Some(Ok((name, text))) => {
                files.push(SourceFile { name, text });
                rest = rest.get(items.byte_offset()..).unwrap_or_default();
                let Some(more) = rest.strip_prefix(',') else { return files };
                rest = more;
            }
            Some(Err(_)) => {
                // It breaks off within a text, perhaps within an escape of at most twelve characters.
                let ends = rest.char_indices().rev().map(|(at, c)| at + c.len_utf8()).take(13);
                let whole = ends.filter_map(|end| serde_json::from_str(&format!("{}\"]", &rest[..end])).ok()).next();
                files.extend(whole.and_then(|(name, text): (String, String)| {
                    let lines = text.rfind('\n').map(|end| text[..=end].to_owned())?;
                    Some(SourceFile { name, text: lines })
                }));
                return files;
            }
            None => return files,
        }
    }
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

/// The bytes, up to the first character that is none of the alphabet; and whether the text was one whole.
fn from_base64url(text: &str) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut word, mut bits) = (0u32, 0);
    for character in text.trim_end_matches('=').bytes() {
        let Some(digit) = ALPHABET.iter().position(|&c| c == character) else { return (bytes, false) };
        word = word << 6 | digit as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    (bytes, bits < 6 && word == 0)
}

#[cfg(test)]
mod tests {
    use super::super::scene::Verb;
    use super::*;
    use proptest::prelude::*;

    fn scene() -> Scene {
        Scene {
            files: vec![
                SourceFile { name: "shop/ä 🌊.yaml".to_string(), text: "kind: Pod\n# \"<b>\" 漢字\n".repeat(40) },
                SourceFile { name: "b.yaml".to_string(), text: (0..200).map(|n| format!("- item: {}\n", n * 7_919 % 1_000)).collect() },
            ],
            steps: vec![Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() }],
            seed: 3,
            at_ms: 61_250,
            selection: "p/default/web-0".to_string(),
            ..Scene::default()
        }
    }

    fn fault(link: &str) -> Option<Fault> {
        decode(link).err().map(|broken| broken.fault)
    }

    #[test]
    fn a_scene_comes_back() {
        let lesson = Scene { lesson: "spread".to_string(), beat: 2, seed: 7, ..Scene::default() };
        for scene in [scene(), lesson, Scene::default()] {
            let link = encode(&scene);
            assert!(link.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{link}");
            assert_eq!(decode(&link), Ok(Some(scene.clone())));
            assert_eq!(decode(&format!("#{link}")), Ok(Some(scene.clone())));
            assert_eq!(from_file(&to_file(&scene)), Some(scene));
        }
        assert_eq!(decode("#"), Ok(None));
        assert_eq!(decode("#answer"), Ok(None), "a place in the page is no link");
        assert_eq!(from_file("kind: Pod"), None);
    }

    /// Made by the first version: it must be readable for ever.
    #[test]
    fn the_first_form_is_still_read() {
        let link = "#1.FYvLDoIwFER_xcy6SDXBRb_CPRJzSW8NsbQE65Pw74y7mTlzFgS4tsWU_f4rY4TBfUje7c7ZXxK6zuDBwwIp15GpsdYavHTu4RBkiNUvJ6VVZL5p4fjvVY-VJuvpcGwofAim2muQZyz1W8k3";
        let scene = decode(link).unwrap().unwrap();
        assert_eq!((scene.files[0].name.as_str(), scene.files[0].text.as_str()), ("pod.yaml", "kind: Pod\n"));
        assert_eq!(scene.steps, [Step { at_ms: 5_000, verb: Verb::FailZone, target: "zone-b".to_string() }]);
        assert_eq!((scene.at_ms, scene.seed, scene.selection.as_str()), (61_250, 0, "p/default/web"));
        assert_eq!((scene.lesson.as_str(), scene.beat), ("", 0));
    }

    #[test]
    fn what_is_broken_says_so() {
        let link = encode(&scene());
        assert_eq!(fault("2.abc"), Some(Fault::UnknownForm));
        assert_eq!(fault("1.%%%"), Some(Fault::Damaged));
        for end in 2..link.len() {
            assert_eq!(fault(&link[..end]), Some(Fault::Damaged), "{end}");
        }
    }

    #[test]
    fn whole_lines_are_saved_of_a_link_that_was_cut() {
        let (whole, link) = (scene(), encode(&scene()));
        for share in [50, 60, 70, 80, 90, 99] {
            let cut = decode(&link[..link.len() * share / 100]).unwrap_err().saved.expect("something");
            assert_eq!(cut.files[0], whole.files[0]);
            assert!(cut.files.len() == 2 && cut.files[1].text.len() > whole.files[1].text.len() / 4, "{share}");
            assert!(cut.files[1].text.ends_with('\n') && whole.files[1].text.starts_with(&cut.files[1].text));
        }
    }

    #[test]
    fn files_are_saved_of_a_newer_form() {
        let newer = format!("2.{}", &encode(&scene())[2..]);
        let broken = decode(&newer).unwrap_err();
        assert_eq!((broken.fault, &broken.saved.expect("files").files), (Fault::UnknownForm, &scene().files));
        let json =
            br#"{"f":[["a.yaml","kind: Pod\n"]],"s":[{"at_ms":1,"verb":"teleport","target":"x"},{"at_ms":2,"verb":"drain","target":"n"}]}"#;
        let verbs = format!("1.{}", to_base64url(&miniz_oxide::deflate::compress_to_vec(json, 9)));
        let saved = decode(&verbs).unwrap_err().saved.expect("files and steps");
        assert_eq!((saved.files.len(), saved.steps.len(), saved.steps[0].verb), (1, 1, Verb::Drain));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let zeros = miniz_oxide::deflate::compress_to_vec(&vec![b' '; MOST_BYTES + 1], 9);
        assert_eq!(decode(&format!("1.{}", to_base64url(&zeros))), Err(Fault::TooLarge.into()));
    }

    #[test]
    fn base64_of_every_length() {
        for length in 0..70u8 {
            let bytes: Vec<u8> = (0..length).map(|i| i.wrapping_mul(37)).collect();
            assert_eq!(from_base64url(&to_base64url(&bytes)), (bytes, true));
        }
        assert!(!from_base64url("A").1);
    }

    fn any_scene() -> impl Strategy<Value = Scene> {
        let text = prop_oneof![any::<String>(), "[a-z: \\n\\\\\"{}]{0,300}"];
        let file = (any::<String>(), text).prop_map(|(name, text)| SourceFile { name, text });
        let verb = prop_oneof![Just(Verb::FailZone), Just(Verb::Drain), Just(Verb::BrokenRollout), Just(Verb::Other)];
        let step = (any::<i64>(), verb, any::<String>()).prop_map(|(at_ms, verb, target)| Step { at_ms, verb, target });
        let lists = (prop::collection::vec(file, 0..4), prop::collection::vec(step, 0..4));
        let rest = (any::<u64>(), any::<i64>(), any::<String>(), "[a-z-]{0,12}", any::<u32>());
        (lists, rest).prop_map(|((files, steps), (seed, at_ms, selection, lesson, beat))| Scene {
            files,
            steps,
            seed,
            at_ms,
            selection,
            lesson,
            beat,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn every_scene_comes_back(scene in any_scene()) {
            prop_assert_eq!(decode(&encode(&scene)), Ok(Some(scene.clone())));
            prop_assert_eq!(from_file(&to_file(&scene)), Some(scene));
        }

        #[test]
        fn what_is_saved_of_a_cut_link_is_a_beginning(scene in any_scene(), share in 0.0..1.0f64) {
            let link = encode(&scene);
            let end = 2 + ((link.len() - 2) as f64 * share) as usize;
            let broken = decode(&link[..end]).expect_err("a part is missing");
            prop_assert_eq!(broken.fault, Fault::Damaged);
            for (nth, file) in broken.saved.into_iter().flat_map(|saved| saved.files).enumerate() {
                prop_assert_eq!(&file.name, &scene.files[nth].name);
                prop_assert!(scene.files[nth].text.starts_with(&file.text));
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,80}", packed in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&text);
            let _ = decode(&format!("1.{text}"));
            let _ = decode(&format!("1.{}", to_base64url(&packed)));
            let _ = from_file(&text);
        }
    }
}
