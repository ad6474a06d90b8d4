//! Text from manifests made harmless in markup: nothing of it is ever a tag, an attribute or an entity of its own.

use crate::units::text::visible;

/// For text and quoted attributes of HTML and SVG. Control and bidirectional characters are written out.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// JSON that can stand inside a `script` element: no `<`, so that no end tag and no comment can begin; and nothing that is not seen.
pub fn script_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut one = [0; 4];
    for c in json.chars() {
        let unseen = !c.is_ascii() && matches!(visible(c.encode_utf8(&mut one)), std::borrow::Cow::Owned(_));
        if matches!(c, '<' | '>' | '&') || unseen {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// For Markdown outside code: what would begin markup is escaped, line breaks become spaces.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in visible(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A mention would call somebody.
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_markup() {
        assert_eq!(markup("<img src=x onerror='a'>&\""), "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;");
        assert_eq!(markup("a\u{202e}b"), r"a\u{202e}b");
        assert!(!script_json("{\"a\":\"</script><!--\"}").contains('<'));
        assert_eq!(markdown("a|b_c@d"), r"a\|b\_c&#64;d");
    }
}
