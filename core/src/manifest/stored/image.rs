//! The tag of an image's name.
//!
//! Owns the form of image references (`github.com/distribution/reference` v0.6.0, `ParseNormalizedNamed`), as far as the
//! default of `imagePullPolicy` asks for it.

/// Whether an image without a pull policy is always pulled: its tag is `latest`, or it has neither tag nor digest.
pub(super) fn is_latest(image: &str) -> bool {
    tag(image) == Some("latest")
}

/// The tag, `latest` where none and no digest is given, empty where only a digest is; nothing where the text is no reference.
fn tag(image: &str) -> Option<&str> {
    if image.len() == 64 && image.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    let (rest, digest) = image.split_once('@').map_or((image, None), |(rest, digest)| (rest, Some(digest)));
    if digest.is_some_and(|d| !is_digest(d)) {
        return None;
    }
    // A colon after the last slash begins the tag; one before it, a port.
    let name_start = rest.rfind('/').map_or(0, |i| i + 1);
    let (name, tag) = match rest[name_start..].find(':') {
        Some(colon) => (&rest[..name_start + colon], Some(&rest[name_start + colon + 1..])),
        None => (rest, None),
    };
    if tag.is_some_and(|t| !is_tag(t)) {
        return None;
    }
    let (domain, path) = match name.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|b| b.is_ascii_uppercase()) => {
            (Some(first), path)
        }
        _ => (None, name),
    };
    if domain.is_some_and(|d| !is_domain(d)) || !path.split('/').all(is_component) {
        return None;
    }
    let implied = if domain.is_none() { "docker.io/library/".len() } else { 0 };
    if name.len() + implied > 255 + "docker.io/library/".len() {
        return None;
    }
    Some(match (tag, digest) {
        (Some(tag), _) => tag,
        (None, Some(_)) => "",
        (None, None) => "latest",
    })
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&text.len()) && text.bytes().next().is_some_and(word) && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let wanted = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == wanted && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_domain(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_digit())) {
        return false;
    }
    let label = |label: &str| {
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        edge(label.bytes().next()) && edge(label.bytes().next_back()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let address = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    address.map_or_else(|| host.split('.').all(label), |a| a.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'))
}

/// `[a-z0-9]+((?:[._]|__|[-]+)[a-z0-9]+)*`.
fn is_component(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase();
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(|b| plain(*b)) || !bytes.last().is_some_and(|b| plain(*b)) {
        return false;
    }
    text.split(|c: char| c.is_ascii_digit() || c.is_ascii_lowercase())
        .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found() {
        for (image, expected) in [
            ("nginx", Some("latest")),
            ("nginx:1", Some("1")),
            ("localhost:5000/a/b", Some("latest")),
            ("registry.example/a:latest", Some("latest")),
            ("a@sha256:0000000000000000000000000000000000000000000000000000000000000000", Some("")),
            ("a@sha256:0", None),
            ("Nginx", None),
            ("", None),
            ("a b", None),
            ("a:", None),
            ("a/__b", None),
            ("a__b", Some("latest")),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }
}
