//! The gallery: the examples of `static/examples`, put into the program when it is built.

use crate::wire::SourceFile;

/// An example.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The name of its directory.
    pub name: &'static str,
    /// Its README, whose first line is its title and whose first sentence its promise; may be empty.
    pub readme: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// A directory of the gallery: its name, its README, its files by name.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

static TABLE: &[Row] = include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// Every example, by name.
pub fn all() -> impl Iterator<Item = Example> {
    TABLE.iter().map(|&(name, readme, files)| Example { name, readme, files })
}

/// The example that the page opens with.
pub fn first() -> Option<Example> {
    named("shop").or_else(|| all().next())
}

/// The example of that name.
pub fn named(name: &str) -> Option<Example> {
    all().find(|example| example.name == name)
}

impl Example {
    /// Its manifests.
    pub fn files(&self) -> Vec<SourceFile> {
        self.files.iter().map(|&(name, text)| SourceFile { name: name.to_string(), text: text.to_string() }).collect()
    }

    /// What the gallery calls it: the README's heading, or the directory's name in words.
    pub fn title(&self) -> String {
        let heading = self.readme.lines().find_map(|line| line.strip_prefix("# ")).map(str::trim);
        heading.map_or_else(|| self.name.replace('-', " "), str::to_string)
    }

    /// One sentence: the README's first line of prose.
    pub fn promise(&self) -> &'static str {
        self.readme.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['#', '`', '!', '<'])).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_a_title_and_files() {
        for example in all() {
            assert!(!example.title().is_empty());
            assert!(example.files().iter().all(|file| !file.text.trim().is_empty()), "{}", example.name);
        }
        assert_eq!(first().map(|example| example.name), named("shop").map(|example| example.name).or_else(|| all().next().map(|e| e.name)));
    }
}
